import { EventEmitter } from 'node:events';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, NodeTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-node';
import { expect, onTestFinished, test } from 'vitest';
import { optimizedBytesOf, usualBytesOf } from '../../test-support/allocated-bytes.ts';
import { MetricsReader } from '../metrics/reader.ts';
import { traceChannel } from './index.ts';

class Channel extends EventEmitter {
  readonly connection = { serverProperties: {} };
  handler: (message: object) => unknown = () => {};
  async consume(_queue: string, handler: (message: object) => unknown): Promise<void> {
    this.handler = handler;
  }
  ack(): void {}
  nack(): void {}
  reject(): void {}
  ackAll(): void {}
  nackAll(): void {}
  get(): void {}
  publish(): boolean {
    return true;
  }
  sendToQueue(): boolean {
    return true;
  }
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

/** Bytes of one call with metrics on, above those of a call without. With the expected ones, it is not measured again. */
async function addedByMetrics(deliver: () => unknown, expected: number): Promise<number> {
  const unmeasured = await usualBytesOf(deliver);
  const reader = new MetricsReader('cumulative');
  onTestFinished(() => reader.close());
  const measured = await optimizedBytesOf(deliver, unmeasured + expected);
  const { metrics } = reader.collect();
  expect(metrics.map(({ descriptor }) => descriptor.name)).toContain('mqtrace.message.age');
  return measured - unmeasured;
}

/** Delivers unsampled messages to a handler. */
async function delivering(handle: (channel: Channel, message: object) => unknown): Promise<() => unknown> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  onTestFinished(() => context.disable());
  const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  const options = { tracerProvider, propagator: 'mqtrace' } as const;
  const channel = traceChannel(new Channel() as never, options) as unknown as Channel;
  await channel.consume('orders', (message) => handle(channel, message));
  const headers = { traceparent, 'mqtrace-sent-at': String(Date.now() - 20) };
  const fields = { deliveryTag: 0, redelivered: false, exchange: '', routingKey: 'orders' };
  const message = { fields, properties: { headers, messageId: undefined, correlationId: undefined } };
  return () => {
    fields.deliveryTag++;
    return channel.handler(message);
  };
}

test.each(['ack', 'nack', 'reject'] as const)(
  'metrics of consume and %s allocate nothing for a message without a span',
  async (settle) => {
    const deliver = await delivering((channel, message) => channel[settle](...([message] as unknown as [])));
    // The profiler takes samples. The smallest object has 16 bytes.
    expect(await addedByMetrics(deliver, 4)).toBeLessThan(8);
  },
);

test('metrics of a handler that returns a promise allocate less than 400 bytes', async () => {
  const handled = Promise.resolve();
  const deliver = await delivering((channel, message) => {
    channel.ack(...([message] as unknown as []));
    return handled;
  });
  expect(await addedByMetrics(deliver, 390)).toBeLessThan(400);
});
