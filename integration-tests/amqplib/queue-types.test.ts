// Tests what RabbitMQ's kinds of queues do to messages: delivery limits of quorum queues, streams, and consumers that are cancelled.
import { context, trace } from '@opentelemetry/api';
import type { ConsumeMessage } from 'amqplib';
import { getBaggage, withBaggage } from 'mqtrace';
import { expect, onTestFinished, test, vi } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { mqtraceMetrics } from '../../src/metrics/index.ts';
import { asyncHandler, useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');

async function declare(given: object): Promise<string> {
  const name = uniqueName('q');
  await rabbit.looker.assertQueue(name, { durable: true, ...given });
  onTestFinished(async () => void (await rabbit.looker.deleteQueue(name)));
  return name;
}

test('a quorum queue with a delivery limit: each attempt is numbered, and the dead letter is in the same trace', async () => {
  const metrics = mqtraceMetrics();
  const dead = await declare({});
  const queue = await declare({
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': 2,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    },
  });
  const channel = await rabbit.traced.createChannel();
  channel.sendToQueue(queue, body);
  await channel.consume(queue, (message) => channel.nack(message!, false, true));
  const letter = withResolvers<ConsumeMessage>();
  await channel.consume(dead, (message) => letter.resolve(message!), { noAck: true });
  await letter.promise;
  const { traceId } = recording.span(`publish ${queue}`).spanContext();
  const attempts = await vi.waitFor(() => {
    const spans = recording.named(`process ${queue}`);
    expect(spans).toHaveLength(3);
    return spans;
  });
  expect(attempts.map(({ attributes }) => attributes['mqtrace.message.delivery_attempt'])).toEqual([undefined, 2, 3]);
  const last = recording.spans().find(({ name }) => name.startsWith('process') && name.endsWith(dead))!;
  expect(new Set([...attempts, last].map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
  const { resourceMetrics } = await metrics.collect();
  const counted = resourceMetrics.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .find(({ descriptor }) => descriptor.name === 'mqtrace.messages.dead_lettered');
  expect(counted?.dataPoints.map(({ value }) => value)).toEqual([1]);
  await channel.close();
});

test('a stream: each reading of a message is in its trace, with its baggage, and is acknowledged', async () => {
  const queue = await declare({ arguments: { 'x-queue-type': 'stream' } });
  const channel = await rabbit.traced.createConfirmChannel();
  withBaggage({ tenant: 'a' }, () => channel.sendToQueue(queue, body));
  await channel.waitForConfirms();
  const publish = recording.span(`publish ${queue}`).spanContext();
  await channel.prefetch(10);
  const seen: unknown[] = [];
  for (let reader = 0; reader < 2; reader++) {
    const read = withResolvers<void>();
    const handle = async (message: ConsumeMessage | null): Promise<void> => {
      const active = trace.getSpanContext(context.active());
      seen.push([
        active?.traceId,
        getBaggage().getEntry('tenant')?.value,
        message?.properties.headers?.['x-stream-offset'],
      ]);
      channel.ack(message!);
      await Promise.resolve();
      read.resolve();
    };
    await channel.consume(queue, (message) => void handle(message), { arguments: { 'x-stream-offset': 'first' } });
    await read.promise;
  }
  expect(seen).toEqual([
    [publish.traceId, 'a', 0],
    [publish.traceId, 'a', 0],
  ]);
  await channel.close();
  const parents = recording.named(`process ${queue}`).map((span) => span.parentSpanContext?.spanId);
  expect(parents).toEqual([publish.spanId, publish.spanId]);
  expect(recording.named(`ack ${queue}`)).toHaveLength(2);
});

test('a consumer that the broker cancels gets null without a context; its messages can still be processed', async () => {
  const queue = await rabbit.queue();
  const channel = await rabbit.traced.createChannel();
  const cancelled = withResolvers<unknown>();
  const finish = withResolvers<void>();
  const handle = async (message: ConsumeMessage | null): Promise<void> => {
    if (message === null) return cancelled.resolve(trace.getSpanContext(context.active()));
    await finish.promise;
  };
  await channel.consume(queue, asyncHandler(handle));
  channel.sendToQueue(queue, body);
  await vi.waitFor(() => expect(recording.open()).toEqual([`process ${queue}`]));
  await rabbit.looker.deleteQueue(queue);
  expect(await cancelled.promise).toBeUndefined();
  expect(recording.open()).toEqual([`process ${queue}`]);
  finish.resolve();
  const process = await vi.waitFor(() => recording.span(`process ${queue}`));
  expect(process.status.code).toBe(0);
  await channel.close();
});
