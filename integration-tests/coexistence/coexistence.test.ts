// Tests mqtrace beside OpenTelemetry's own instrumentations of the same clients, in one process, on the real brokers.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, inject, it } from 'vitest';

interface Told {
  report: Record<string, Record<string, string[]>>;
  seen: Record<string, unknown>;
  warnings: string[];
}

let told: Told;

beforeAll(async () => {
  const program = fileURLToPath(new URL('program.js', import.meta.url));
  const args = [program, inject('kafkaBrokers')[0]!, inject('amqpUrl'), inject('redisUrl')];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: 100_000,
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
  told = JSON.parse(stdout) as Told;
});

it('each send and settlement has only the spans of mqtrace', () => {
  expect(told.report).toStrictEqual({
    kafkaTransaction: { mqtrace: ['create x', 'create x', 'send x', expect.stringMatching(/^commit/)] },
    kafkaSend: { mqtrace: ['send x'] },
    amqpPublish: { mqtrace: ['publish'] },
    // The acknowledgement ends the two spans of the consumer.
    amqpAck: { mqtrace: ['ack', 'process'], 'auto amqplib': [expect.stringMatching(/ process$/)] },
    // Commands that mqtrace does not trace keep their spans.
    redis: {
      'auto ioredis': ['set', 'xgroup'],
      mqtrace: ['xadd x', 'xreadgroup x', 'xack x'],
    },
  });
});

it("the application's code within a call sees its own context, and its spans are recorded", () => {
  expect(told.seen['partitioner']).toMatchObject({ value: 'send', records: true });
  expect(told.seen['transaction']).toMatchObject({ value: 'transaction', records: true });
  expect(told.seen['confirm']).toMatchObject({ value: 'publish', records: true });
  expect(told.seen['callback']).toMatchObject({ value: 'xadd', records: true });
  expect(told.seen['kafkaHandler']).toMatchObject({ suppressed: false });
  expect(told.seen['amqpHandler']).toMatchObject({ suppressed: false });
});

it('one warning for each client names the instrumentation that duplicates consumer spans', () => {
  const named = told.warnings.filter((text) => text.includes('two process spans'));
  expect(named).toStrictEqual([
    expect.stringContaining('@opentelemetry/instrumentation-kafkajs'),
    expect.stringContaining('@opentelemetry/instrumentation-amqplib'),
  ]);
});
