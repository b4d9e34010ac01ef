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
  handler: (message: object) => void = () => {};
  async consume(_queue: string, handler: (message: object) => void): Promise<void> {
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

test.each(['ack', 'nack', 'reject'] as const)(
  'metrics of consume and %s allocate nothing for a message without a span',
  async (settle) => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    onTestFinished(() => context.disable());
    const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
    const channel = traceChannel(new Channel() as never, {
      tracerProvider,
      propagator: 'mqtrace',
    }) as unknown as Channel;
    await channel.consume('orders', (message) => channel[settle](...([message] as unknown as [])));
    const headers = { traceparent, 'mqtrace-sent-at': String(Date.now() - 20) };
    const fields = { deliveryTag: 0, redelivered: false, exchange: '', routingKey: 'orders' };
    const message = { fields, properties: { headers, messageId: undefined, correlationId: undefined } };
    const deliver = (): void => {
      fields.deliveryTag++;
      channel.handler(message);
    };
    const unmeasured = await usualBytesOf(deliver);
    const reader = new MetricsReader('cumulative');
    onTestFinished(() => reader.close());
    // The profiler takes samples. The smallest object has 16 bytes.
    expect(await optimizedBytesOf(deliver, unmeasured + 4)).toBeLessThan(unmeasured + 8);
    const { metrics } = reader.collect();
    expect(metrics.map(({ descriptor }) => descriptor.name)).toContain('mqtrace.message.age');
  },
);
