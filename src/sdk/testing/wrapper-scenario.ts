// Runs whole scenarios through the wrappers, and makes their spans comparable between runs.
import { type Span, trace, type TracerProvider } from '@opentelemetry/api';
import { expect } from 'vitest';
import type { ReceivedSpan } from '../../../test-support/otlp-decode.ts';
import { traceChannel } from '../../amqplib/index.ts';
import { traceConsumer, traceProducer } from '../../kafkajs/index.ts';

/** What a scenario needs of the application's tracing. */
interface Application {
  readonly provider: TracerProvider;
  /** Runs a function in an active span. */
  span(name: string, fn: () => unknown): unknown;
}

type Handler = (message: unknown) => unknown;
/** Creates every kind of span: single and batch, with baggage and links, successful and failed, modified by the application. */
export async function scenario(
  application: Application,
  fastPath: boolean,
  seen: (span: Span | undefined) => void,
): Promise<unknown[]> {
  const options = { tracerProvider: application.provider, fastPath };
  let deliver: Handler | undefined;
  const published: { headers: Record<string, unknown> }[] = [];
  const stub = {
    connection: { serverProperties: {} },
    get() {},
    publish: (_exchange: string, _key: string, _content: Buffer, given: { headers: Record<string, unknown> }) =>
      published.push(given) > 0,
    sendToQueue: () => true,
    ack(_message: unknown) {},
    nack(_message: unknown) {},
    reject() {},
    on() {},
    once() {},
    consume: (_queue: string, handler: Handler) => ((deliver = handler), Promise.resolve({ consumerTag: 'c' })),
  };
  const channel = traceChannel(stub as never, options) as unknown as typeof stub;
  const content = Buffer.from('{}');
  application.span('order', () => channel.publish('shop', 'orders', content, { headers: { own: 1 } }));
  channel.publish('', 'orders', content, { headers: {} });

  await channel.consume('orders', (message) => {
    const span = trace.getActiveSpan();
    seen(span);
    span?.setAttribute('messaging.message.body.size', 2).addEvent('looked up', { rows: 3 });
    channel.ack(message);
  });
  let tag = 0;
  const message = (headers: unknown): unknown => ({
    fields: { deliveryTag: ++tag, redelivered: tag > 2, exchange: 'shop', routingKey: 'orders', consumerTag: 'c' },
    properties: { headers },
    content,
  });
  for (const { headers } of published) deliver!(message(headers));
  await channel.consume('orders', async (given) => {
    seen(trace.getActiveSpan());
    await Promise.resolve();
    channel.nack(given);
    throw new TypeError('no such order');
  });
  await expect(deliver!(message(published[0]!.headers))).rejects.toThrow('no such order');

  const sends: { messages: { headers: Record<string, unknown>; value: string }[] }[] = [];
  const send = (record: never): Promise<unknown> => {
    sends.push(record);
    return Promise.resolve([{ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '7' }]);
  };
  const producer = traceProducer({ send, sendBatch: send, on() {}, events: {} } as never, options) as unknown as {
    send(record: unknown): Promise<unknown>;
  };
  const records = (count: number): unknown[] =>
    Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value: '{}' }));
  for (const count of [1, 3, 150]) await producer.send({ topic: 'orders', messages: records(count) });

  let run: { eachMessage(payload: unknown): Promise<void> } | undefined;
  const consumer = traceConsumer(
    { run: (given: never) => (run = given), on() {}, events: {} } as never,
    options,
  ) as unknown as { run(given: unknown): unknown };
  consumer.run({
    eachMessage({ message: { value } }: { message: { value: string } }) {
      const span = trace.getActiveSpan();
      seen(span);
      span?.addLink({ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } });
      application.span('work', () => undefined);
      return value === 'bad' ? Promise.reject(new RangeError('bad')) : Promise.resolve();
    },
  });
  const kafka = { key: null, timestamp: '1760000000000', attributes: 0, offset: '1' };
  const { headers } = sends[0]!.messages[0]!;
  for (const value of ['good', 'bad']) {
    const each = { ...kafka, value, headers };
    await run!.eachMessage({ topic: 'orders', partition: 1, message: each }).catch(() => undefined);
  }
  const wire = [...published, ...sends.flatMap(({ messages }) => messages)].map((message) => message.headers);
  return wire.map((carried) => Object.entries(carried).map((each) => (each[0] === 'mqtrace-sent-at' ? each[0] : each)));
}

/** Replaces ids by the order of their appearance and removes times, so that the result is the same in every run. */
export function comparable(spans: readonly ReceivedSpan[]): unknown[] {
  const ids = new Map<string, string>();
  const named = (id: string): string => {
    if (id !== '' && !ids.has(id)) ids.set(id, `id ${ids.size}`);
    return ids.get(id) ?? '';
  };
  return spans.map(({ resource, startTimeUnixNano, endTimeUnixNano, ...span }) => ({
    ...span,
    traceId: named(span.traceId),
    spanId: named(span.spanId),
    parentSpanId: named(span.parentSpanId),
    service: resource['service.name'],
    hasTimes: startTimeUnixNano > 0n && endTimeUnixNano >= startTimeUnixNano,
    attributes: { ...span.attributes, 'mqtrace.message.age': span.attributes['mqtrace.message.age'] !== undefined },
    links: span.links.map((link) => ({ ...link, traceId: named(link.traceId), spanId: named(link.spanId) })),
    events: span.events.map(({ name, attributes }) => ({
      name,
      attributes: { ...attributes, 'exception.stacktrace': attributes['exception.stacktrace'] !== undefined },
    })),
  }));
}
