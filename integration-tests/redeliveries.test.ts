import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Channel, connect } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { consumeStream } from 'mqtrace/ioredis';
import { alwaysOff } from 'mqtrace/sdk';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { seeded } from '../src/sampling/testing/random.ts';
import { asyncHandler } from './amqplib/rabbitmq.ts';
import { tracedRedis } from './ioredis/setup.ts';
import { uniqueName } from '../test-support/inputs.ts';
import { thOf } from '../src/sampling/testing/provider.ts';
import { type Service, service } from '../test-support/service.ts';

// Tests the sampling of failures: head sampling keeps nothing, but a failure is kept, and so is every later delivery of
// that message.
const shop = (seed: number): Service => service({ sampler: alwaysOff }, seeded(seed));
const shipping = (seed: number): Service => service({ sampler: alwaysOff, keepErrors: true }, seeded(seed));

async function newChannel({ recording: { tracerProvider } }: Service): Promise<Channel> {
  const connection = traceConnection(await connect(inject('amqpUrl')), { tracerProvider });
  onTestFinished(() => connection.close());
  return connection.createChannel();
}

const processed = (kept: Service, destination: string): ReadableSpan[] =>
  kept.exported().filter(({ name }) => name === `process ${destination}`);

function expectKept(spans: readonly ReadableSpan[], attribute: string, values: unknown[]): void {
  expect(spans.map(({ attributes }) => attributes[attribute])).toStrictEqual(values);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(new Set(spans.map(thOf))).toStrictEqual(new Set(['0']));
  expect(spans.every((span) => span.spanContext().traceFlags & 1)).toBe(true);
}

test('RabbitMQ: a delivery through a dead-letter exchange is recognized by x-death, and kept', async () => {
  const [sender, receiver] = [shop(210), shipping(211)];
  const [publisher, consumer] = [await newChannel(sender), await newChannel(receiver)];
  const [queue, waiting] = [uniqueName('q'), uniqueName('waiting')];
  const back = (to: string): Record<string, unknown> => ({
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': to,
  });
  await consumer.assertQueue(queue, { durable: false, expires: 120_000, arguments: back(waiting) });
  await consumer.assertQueue(waiting, {
    durable: false,
    expires: 120_000,
    arguments: { ...back(queue), 'x-message-ttl': 50 },
  });
  for (let order = 0; order < 10; order++) publisher.sendToQueue(queue, Buffer.from(`${order}`));
  const deliveries: string[] = [];
  let handled = 0;
  await consumer.consume(
    queue,
    asyncHandler(async (message) => {
      const order = message.content.toString();
      deliveries.push(order);
      // Rejected twice; only the first rejection is itself a failure.
      if (order === '4' && deliveries.filter((each) => each === '4').length < 3) consumer.nack(message, false, false);
      else {
        consumer.ack(message);
        handled++;
      }
    }),
  );
  await vi.waitFor(() => expect(handled).toBe(10), { timeout: 10_000 });
  await vi.waitFor(() => expect(receiver.sampling.held).toBe(0));
  const kept = processed(receiver, queue);
  expectKept(kept.slice(-2), 'mqtrace.message.delivery_attempt', [2, 3]);
  expect(kept.at(-1)?.status.code).toBe(SpanStatusCode.UNSET);
  expect(kept.every((span) => span.spanContext().traceId === kept[0]?.spanContext().traceId)).toBe(true);
  expect(deliveries).toHaveLength(12);
});

test('Redis: a redelivery is recognized by its delivery count, and kept', async () => {
  const [sender, receiver] = [shop(212), shipping(213)];
  const { redis: writer } = tracedRedis({}, { recording: sender.recording });
  const { redis } = tracedRedis({}, { recording: receiver.recording });
  const [stream, group] = [uniqueName('orders'), uniqueName('group')];
  for (let order = 0; order < 10; order++) await writer.xadd(stream, '*', 'order', String(order));
  const attempts: number[] = [];
  let handled = 0;
  // Pending entries are delivered again with the restart, not after a time that a busy machine may exceed.
  const options = { streams: stream, group, consumer: 'one', minIdleMs: Infinity, onError: () => undefined };
  const consumeUntil = async (count: number): Promise<void> => {
    const consumer = consumeStream(redis, options, ({ fields, deliveryAttempt = 1 }) => {
      handled++;
      if (fields['order'] !== '4') return;
      attempts.push(deliveryAttempt);
      if (deliveryAttempt === 1) throw new Error('out of stock');
    });
    onTestFinished(() => consumer.stop());
    await vi.waitFor(() => expect(handled).toBe(count), { timeout: 10_000 });
    await consumer.stop();
  };
  await consumeUntil(10);
  await consumeUntil(11);
  await vi.waitFor(() => expect(receiver.sampling.held).toBe(0));
  expect(attempts).toStrictEqual([1, 2]);
  const kept = processed(receiver, stream);
  expectKept(kept, 'mqtrace.message.delivery_attempt', [1, 2]);
  expect(kept.map(({ status }) => status.code)).toStrictEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
});
