import { type Baggage, propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { CompositePropagator, TraceState, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { CarriedHeaders } from './carried-headers.ts';
import { injectCopy } from './inject-extract.ts';
import { stockHeaders } from './stock-headers.ts';
import { W3CBaggage } from './w3c-baggage.ts';

const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });

const id = (length: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)) },
    fc.stringMatching(new RegExp(`^[0-9a-fA-F]{${length}}$`)),
    fc.constantFrom('0'.repeat(length), 'a', 'g'.repeat(length)),
  );
const spanContext: fc.Arbitrary<SpanContext | undefined> = fc.option(
  fc.record(
    {
      traceId: id(32),
      spanId: id(16),
      traceFlags: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 3 }) },
        fc.constantFrom<number>(4, 15, 16, 255, 256, -1, 0.5, NaN, -0, undefined as never, null as never, '1' as never),
      ),
      traceState: fc.constantFrom<TraceState>(
        ...([undefined, undefined, undefined, null] as never[]),
        new TraceState(''),
        new TraceState('a=1'),
      ),
    },
    { requiredKeys: ['traceId', 'spanId', 'traceFlags'] },
  ),
  { nil: undefined, freq: 20 },
);
const member = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[a-z][a-z0-9._*-]{0,6}=[a-zA-Z0-9()!'~._-]{1,8}$/) },
  fc.stringMatching(/^[a-c1]=[a-z%;= ]{0,3}$/),
  fc.constantFrom(`k=${'v'.repeat(4090)}`, `k=${'v'.repeat(1500)}`, '', 'a', 'é=1', 'a=1;p=2', 'a=%41', ' a = 1 '),
);
const header = fc
  .oneof(
    { weight: 8, arbitrary: fc.array(member, { minLength: 1, maxLength: 4 }) },
    fc.array(member, { maxLength: 70 }),
  )
  .map((members) => members.join(','));
const entries = fc.dictionary(
  fc.oneof(fc.constantFrom('a', '1', 'é', ''), fc.string()),
  fc.record({ value: fc.string() }),
);
const baggage: fc.Arbitrary<Baggage | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: header.map((text) => W3CBaggage.fromHeader(text)) },
  fc.tuple(header, entries).map(([text, more]) => W3CBaggage.fromHeader(text).withAppended(Object.entries(more))),
  entries.map((given) => propagation.createBaggage(given)),
  entries.map((given) => W3CBaggage.fromEntries(Object.entries(given))),
);

test('the headers that are written for the stock propagator are its own, for any span context and baggage', () => {
  let fast = 0;
  fc.assert(
    fc.property(spanContext, baggage, fc.boolean(), (span, carried, isRead) => {
      if (isRead) carried?.getAllEntries();
      let context = span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span);
      if (carried !== undefined) context = propagation.setBaggage(context, carried);
      if (stockHeaders(span, carried) !== undefined) fast++;
      const theirs = injectCopy(stock, kafkaHeaders, undefined, context);
      const ours = CarriedHeaders.of(stock, context);
      if (ours === undefined) return;
      expect(Object.entries(ours.write(kafkaHeaders, undefined) ?? {})).toEqual(Object.entries(theirs ?? {}));
      expect(ours.write(kafkaHeaders, { own: '1' })).toEqual(injectCopy(stock, kafkaHeaders, { own: '1' }, context));
    }),
    { numRuns: 3000 },
  );
  expect(fast).toBeGreaterThan(300);
});

test('the common headers are written by the fast path', () => {
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 3 };
  expect(stockHeaders(span, undefined)).toEqual(['traceparent', `00-${span.traceId}-${span.spanId}-03`]);
  expect(stockHeaders(span, W3CBaggage.fromHeader('k=v'))?.slice(2)).toEqual(['baggage', 'k=v']);
});
