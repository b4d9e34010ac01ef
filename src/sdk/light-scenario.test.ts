// Runs whole scenarios through the wrappers with and without light spans: exported spans and counters are the same.
import { type Span, trace } from '@opentelemetry/api';
import { SamplingDecision, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, test, vi } from 'vitest';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { traceChannel } from '../amqplib/index.ts';
import { traceConsumer, traceProducer } from '../kafkajs/index.ts';
import { startTracing, type StartTracingOptions } from './index.ts';
import { LightSpan } from '../export/light-span.ts';
import { cleanUpAfterEach, closeLater, receiver } from './testing/fixture.ts';
import type { Tracing } from './tracing.ts';

cleanUpAfterEach();

type Handler = (message: unknown) => unknown;
interface Seen {
  readonly spans: unknown[];
  readonly stats: unknown;
  /** The headers of all messages sent, with the same ids as in any other run. */
  readonly wire: unknown[];
  readonly lightSpans: number;
}

/** Creates every kind of span: single and batch, with baggage and links, successful and failed, modified by the application. */
async function scenario(
  tracing: Tracing,
  fastPath: boolean,
  seen: (span: Span | undefined) => void,
): Promise<unknown[]> {
  const options = { tracerProvider: tracing.provider, fastPath };
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
  tracing.span('order', () => channel.publish('shop', 'orders', content, { headers: { own: 1 } }));
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
      tracing.span('work', () => undefined);
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
function comparable(spans: readonly ReceivedSpan[]): unknown[] {
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

async function play(options: StartTracingOptions, lightSpans: boolean, destinations: number): Promise<Seen> {
  // The same ids, because a limit selects traces by their ids.
  let state = 1;
  vi.spyOn(Math, 'random').mockImplementation(() => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647);
  const collectors = await Promise.all(Array.from({ length: destinations }, () => receiver()));
  const endpoints = collectors.map(({ url }) => ({ endpoint: url }));
  const target = destinations === 1 ? endpoints[0]! : { destinations: endpoints };
  const given = {
    serviceName: 'shop',
    environment: 'ignore',
    export: target,
    fastPath: lightSpans,
    ...options,
  } as const;
  const tracing = startTracing(given);
  closeLater({ close: () => tracing.shutdown() });
  let light = 0;
  const wire = await scenario(tracing, lightSpans, (span) => {
    if (span instanceof LightSpan) light++;
  });
  await tracing.shutdown();
  const { destinations: all, ...counts } = tracing.stats();
  const stats = {
    ...counts,
    destinations: all.map(({ ended, exported, dropped, queued, held }) => ({ ended, exported, dropped, queued, held })),
  };
  return { spans: collectors.map(({ spans }) => comparable(spans)), stats, wire, lightSpans: light };
}

const foreign = {
  shouldSample: (_context: unknown, _traceId: string, name: string) => ({
    decision: name.startsWith('create') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    attributes: { 'sampler.name': 'own', 'sampler.list': ['a', 'b'] },
  }),
  toString: () => 'foreign',
};
const processor = {
  onStart: (span: Span) => void span.setAttribute('seen.start', true),
  onEnd: (span: ReadableSpan) => void (span.attributes['seen.end'] = true),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

test.each<[string, StartTracingOptions, { light: boolean; destinations?: number }]>([
  ['by default', {}, { light: true }],
  ['with keepErrors', { sampling: { sampler: { ratio: 0 }, keepErrors: true } }, { light: true }],
  ['with errorBoost', { sampling: { errorBoost: { base: 1, max: 1 } } }, { light: true }],
  ['with a limit on traces', { sampling: { maxTracesPerSecond: 1000 } }, { light: true }],
  ['with openSpans()', { trackOpenSpans: true }, { light: true }],
  ['with limits', { spanLimits: { eventCountLimit: 1, linkCountLimit: 2 } }, { light: true }],
  ['with a sampler of the application', { sampling: { sampler: foreign } }, { light: true }],
  ['with two destinations', {}, { light: true, destinations: 2 }],
  // These get spans of the SDK.
  ['with a processor of the application', { spanProcessors: [processor] }, { light: false }],
  ['with keepWhen', { sampling: { keepWhen: () => false } }, { light: false }],
])('%s', async (_, options, { light, destinations = 1 }) => {
  const without = await play(options, false, destinations);
  const withLight = await play(options, true, destinations);
  expect(without.lightSpans).toBe(0);
  expect(withLight.lightSpans > 0).toBe(light);
  expect(withLight.stats).toEqual(without.stats);
  expect(withLight.spans).toEqual(without.spans);
  expect(withLight.wire).toEqual(without.wire);
  expect((without.spans[0] as unknown[]).length).toBeGreaterThan(3);
});
