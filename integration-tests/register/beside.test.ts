// Tests mqtrace/register and the classes with OpenTelemetry's own instrumentations: each operation has one span and one set of headers.
import { describe, expect, it } from 'vitest';
import { run } from './service.ts';

const preload = ['--import', 'mqtrace/register'];
const headers = ['traceparent'];
const theirs = {
  'kafka send': ['theirs kafkajs'],
  headers,
  'amqp publish': ['theirs amqplib'],
  'redis xadd': ['theirs ioredis'],
};
const ours = { 'kafka send': ['mqtrace'], headers, 'amqp publish': ['mqtrace'], 'redis xadd': ['mqtrace'] };

const said = (err: string): string[] =>
  [...err.matchAll(/^mqtrace: (\w+) is traced by another instrumentation/gm)].map(([, name]) => name!).sort();

describe("OpenTelemetry's instrumentations", () => {
  it('trace the clients by themselves', async () => {
    const { out, err } = await run(['beside.cjs', 'theirs']);
    expect(JSON.parse(out)).toEqual(theirs);
    expect(said(err)).toEqual([]);
  });

  it.each([
    ['mqtrace/register', [...preload, 'beside.cjs', 'register']],
    ['the classes', ['beside.cjs', 'classes']],
  ])('keep their clients beside %s, which says so once for each client', async (_, args) => {
    const { out, err } = await run(args, { env: { MQTRACE_SDK: 'off' } });
    expect(JSON.parse(out)).toEqual(theirs);
    expect(said(err)).toEqual(['amqplib', 'ioredis', 'kafkajs']);
  });

  it.each([
    ['alone', ['beside.cjs', 'explicit']],
    ['with mqtrace/register', [...preload, 'beside.cjs', 'explicit']],
  ])('give way to explicit wrapping, %s', async (_, args) => {
    const { out } = await run(args, { env: { MQTRACE_SDK: 'off' } });
    expect(JSON.parse(out)).toEqual(ours);
  });
});
