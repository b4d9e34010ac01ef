import { propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedHeaders } from '../../carriers/index.ts';
import { tracingFaults } from '../common/faults.ts';
import { injectCopy } from '../propagation/inject-extract.ts';
import { redisFields } from '../../carriers/redis-fields.ts';
import { ReadRequest, EntrySource } from './entry-source.ts';
import { EntryReader } from './message.ts';
import type { TraceRedisOptions } from './options.ts';
import { receivedEntries, StreamTracing } from './state.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const plain = `00-${traceId}-b7ad6b7169203331-01`;
const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });

const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('traceparent', 'tracestate', 'baggage') },
  fc.constantFrom('Traceparent', 'BAGGAGE', 'TraceState', 'order', 'payload', '', '0123456', '0123456789a', 'b3'),
);
const value = fc.oneof(
  fc.constantFrom<unknown>(
    plain,
    `00-${traceId}-00f067aa0ba902b7-00`,
    `01-${traceId}-00f067aa0ba902b7-01-x`,
    'junk',
    '',
  ),
  fc.constantFrom<unknown>('a=1', 'a=1,b=2', 'a=%20x;p=1, a = y', '=', 'ot=th:8', 7, null, undefined),
);
const asBytes = (given: unknown, bytes: boolean): unknown =>
  bytes && typeof given === 'string' ? Buffer.from(given) : given;
const field = fc
  .tuple(name, value, fc.boolean(), fc.boolean())
  .map(([key, content, one, two]) => [asBytes(key, one), asBytes(content, two)]);
const fieldLists = fc
  .tuple(fc.array(field, { maxLength: 6 }), fc.integer({ min: 0, max: 9 }))
  .map(([all, odd]) => (odd === 0 ? all.flat().concat('last') : all.flat()));
const ids = fc.constantFrom<unknown>('1732190000000-0', Buffer.from('1732190000001-0'), '1-0');
const entries = fc
  .tuple(ids, fc.oneof(fieldLists, fc.constant(null)), fc.constantFrom<unknown[]>([], [250, 2], [250, 'x']))
  .map(([id, fields, more]) => [id, fields].concat(more));

/** Everything that is known of an entry after it was received, and the counters. */
function received(given: unknown[], options: TraceRedisOptions): object {
  const tracing = new StreamTracing(options);
  const asked = new ReadRequest('xreadgroup', ['GROUP', 'g', 'c', 'STREAMS', 'orders', '>'], {
    'server.address': 'redis',
  });
  const source = new EntrySource(tracing, { name: 'orders' }, asked);
  const dropped = { ...droppedHeaders() };
  const faults = tracingFaults();
  const entry = [given[0], Array.isArray(given[1]) ? [...(given[1] as unknown[])] : given[1], ...given.slice(2)];
  const message = new EntryReader(tracing).receive(entry, source)!;
  const shown = structuredClone(entry);
  const { context } = message;
  const counted = Object.entries(droppedHeaders()).map(([reason, count]) => count - dropped[reason as never]);
  return {
    shown,
    same: receivedEntries.get(entry)?.incoming === message,
    spanContext: comparable(trace.getSpanContext(context)),
    creation: comparable(message.creation),
    baggage: propagation
      .getBaggage(context)
      ?.getAllEntries()
      .map(([key, { value: text, metadata }]) => [key, text, metadata?.toString()]),
    sent: injectCopy(tracing.messaging.propagator, redisFields, [], context),
    isRoot: context === ROOT_CONTEXT,
    about: [message.id, message.sentAt, message.attributes, message.destination, message.linkOnly],
    described: [message.source.name, message.source.attributes],
    counted,
    faults: tracingFaults() - faults,
  };
}

/** The trace states of mqtrace and of the stock SDK are of different classes. */
function comparable(spanContext: SpanContext | undefined): object | undefined {
  return spanContext && { ...spanContext, traceState: spanContext.traceState?.serialize() };
}

const optionSets: TraceRedisOptions[] = [
  {},
  { hideFields: false },
  { trust: 'link' },
  { trust: 'ignore' },
  { baggage: { receive: { deny: ['a'] } } },
  { cloudEvents: true },
];

test('entries that are read lazily have the same result as those read immediately', () => {
  fc.assert(
    fc.property(
      entries,
      fc.constantFrom(...optionSets),
      fc.constantFrom<'mqtrace' | CompositePropagator>('mqtrace', stock),
      (entry, options, propagator) => {
        const late = received(entry, { ...options, propagator });
        const atOnce = received(entry, { ...options, propagator, fastPath: false });
        expect(late).toEqual(atOnce);
      },
    ),
    { numRuns: 1500 },
  );
});

test('a lazily read entry does not change with its array, and does not retain the bytes of a reply', () => {
  const tracing = new StreamTracing({ propagator: 'mqtrace' });
  const source = new EntrySource(tracing, { name: 'orders' }, { attributes: {} });
  const reader = new EntryReader(tracing);
  const fields = ['order', '7', 'traceparent', plain];
  const text = reader.receive(['1-0', fields], source)!;
  fields.length = 0;
  expect(trace.getSpanContext(text.context)?.traceId).toBe(traceId);
  const bytes = Buffer.from(plain);
  const buffers = reader.receive(['1-0', ['traceparent', bytes]], source)!;
  bytes.fill(0x30);
  expect(trace.getSpanContext(buffers.context)?.traceId).toBe(traceId);
});
