import { readFileSync } from 'node:fs';
import { traceConnection } from 'mqtrace/amqplib';
import { traceFetch, traceHandler } from 'mqtrace/http';
import { consumeStream, traceRedis } from 'mqtrace/ioredis';
import { traceConsumer, traceKafka, traceProducer } from 'mqtrace/kafkajs';
import { mqtraceInstruments, mqtraceMetrics } from 'mqtrace/metrics';
import { startTracing } from 'mqtrace/sdk';
import { expect, test } from 'vitest';

const none = (): void => {};
const wrong = { nope: 1 } as object;
const redis = { sendCommand: none, pipeline: none, multi: none, duplicate: none } as never;

test.each<[string, string, () => unknown]>([
  ['kafkajs', 'traceKafka', () => traceKafka({ producer: none, consumer: none } as never, wrong)],
  ['kafkajs', 'traceProducer', () => traceProducer({ send: none, sendBatch: none } as never, wrong)],
  ['kafkajs', 'traceConsumer', () => traceConsumer({ run: none } as never, wrong)],
  [
    'amqplib',
    'traceConnection',
    () => traceConnection({ createChannel: none, createConfirmChannel: none } as never, wrong),
  ],
  ['ioredis', 'traceRedis', () => traceRedis(redis, wrong)],
  ['ioredis', 'consumeStream', () => consumeStream(redis, wrong as never, none)],
  ['http', 'traceHandler', () => traceHandler(none, wrong)],
  ['http', 'traceFetch', () => traceFetch(fetch, wrong)],
  ['metrics', 'mqtraceMetrics', () => mqtraceMetrics(wrong)],
  ['metrics', 'mqtraceInstruments', () => mqtraceInstruments(wrong)],
  ['metrics', 'startTracing({ metrics })', () => startTracing({ register: false, metrics: wrong })],
])('docs/%s.md names every option of %s', (name, where, wrap) => {
  // What an option may be called is what its own error says.
  const [, list] =
    /^\[INVALID_OPTION\] [^:]+: unknown option "nope"; expected one of (.*)$/.exec(messageOf(wrap)) ?? [];
  const options = list?.split(', ') ?? [];
  expect([where, options.length > 1]).toEqual([where, true]);
  const page = readFileSync(new URL(`./${name}.md`, import.meta.url), 'utf8');
  expect(options.filter((option) => !page.includes(`\n| \`${option}\` `))).toEqual([]);
});

function messageOf(wrap: () => unknown): string {
  try {
    wrap();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}
