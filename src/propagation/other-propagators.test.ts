import { propagation, ROOT_CONTEXT, type TextMapPropagator, trace, TraceFlags } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger';
import { describe, expect, test } from 'vitest';
import { redisFields } from '../../carriers/index.ts';
import { formats } from '../../carriers/testing/formats.ts';
import { extract, getBaggage, inject } from './index.ts';
import { propagatorFields } from './header-families.ts';

const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};
const withSpan = trace.setSpanContext(ROOT_CONTEXT, spanContext);
const withBaggage = propagation.setBaggage(
  withSpan,
  propagation.createBaggage({ tenant: { value: 'a b,c' }, n: { value: '1' } }),
);

const official: { name: string; propagator: TextMapPropagator; baggage: boolean; foreign: [string, string][] }[] = [
  {
    name: 'W3C',
    propagator: new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    baggage: true,
    foreign: [['Traceparent', `00-${spanContext.traceId}-${spanContext.spanId}-01`]],
  },
  {
    name: 'B3 single',
    propagator: new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
    baggage: false,
    foreign: [['B3', `${spanContext.traceId}-${spanContext.spanId}-1`]],
  },
  {
    name: 'B3 multi',
    propagator: new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
    baggage: false,
    foreign: [
      ['X-B3-TraceId', spanContext.traceId],
      ['X-B3-SpanId', spanContext.spanId],
      ['X-B3-Sampled', '1'],
    ],
  },
  {
    name: 'Jaeger',
    propagator: new JaegerPropagator(),
    baggage: true,
    foreign: [['Uber-Trace-Id', `${spanContext.traceId}:${spanContext.spanId}:0:01`]],
  },
  {
    name: 'X-Ray',
    propagator: new AWSXRayPropagator(),
    baggage: false,
    foreign: [['X-Amzn-Trace-Id', 'Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1']],
  },
];

describe.each(formats)('$adapter.name', ({ adapter, make }) => {
  describe.each(official)('$name', ({ propagator, baggage, foreign }) => {
    test('its headers are read back, also as Buffers', () => {
      const sent = inject(adapter, make([['mine', '1']]), withBaggage, { propagator });
      const received = extract(adapter, sent, ROOT_CONTEXT, { propagator });
      expect(trace.getSpanContext(received)).toMatchObject(spanContext);
      if (baggage) expect(getBaggage(received).getEntry('tenant')?.value).toBe('a b,c');
      expect(adapter.get(sent, 'mine')).toBe('1');
    });

    test('names are read in the spelling of their specification', () => {
      expect(trace.getSpanContext(extract(adapter, make(foreign), ROOT_CONTEXT, { propagator }))).toMatchObject(
        spanContext,
      );
    });

    test('headers of an earlier message, including baggage, are replaced and do not leak', () => {
      const first = inject(adapter, make([['mine', '1']]), withBaggage, { propagator });
      const next = trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, spanId: '00f067aa0ba902b7' });
      const second = inject(adapter, first, next, { propagator });
      const received = extract(adapter, second, ROOT_CONTEXT, { propagator });
      expect(trace.getSpanContext(received)?.spanId).toBe('00f067aa0ba902b7');
      expect(getBaggage(received).getAllEntries()).toEqual([]);
      expect(adapter.keys(second)).toHaveLength(
        adapter.keys(inject(adapter, make([['mine', '1']]), next, { propagator })).length,
      );
    });

    test('invalid headers cause neither a trace nor an error', () => {
      for (const name of propagator.fields()) {
        for (const junk of ['', ' ', '-', '%', '%FF', '::::', ';;;=', '\ud800', 'x'.repeat(10_000), '0'.repeat(200)]) {
          const made = adapter.name === 'http Headers' && junk === '\ud800' ? make([]) : make([[name, junk]]);
          const context = extract(adapter, made, ROOT_CONTEXT, { propagator });
          const read = trace.getSpanContext(context);
          expect(read === undefined || !trace.isSpanContextValid(read)).toBe(true);
        }
      }
    });
  });
});

test.each(official)('redis: the run of fields written by $name is found and completely hidden', ({ propagator }) => {
  const own = ['uber-trace-id', 'mine', 'weight', '20'];
  const sent = inject(redisFields, own, withBaggage, { propagator });
  expect(sent.length).toBeGreaterThan(own.length);
  expect(redisFields.trailingRun(sent, propagatorFields(propagator))).toBe(own.length);
});

const multi = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
const single = new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER });
const next = trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, spanId: '00f067aa0ba902b7' });
const multiHeaders: [string, string][] = [
  ['X-B3-TraceId', spanContext.traceId],
  ['X-B3-SpanId', spanContext.spanId],
  ['X-B3-ParentSpanId', '0000000000000001'],
  ['X-B3-Sampled', '1'],
  ['x-b3-flags', '1'],
];

describe.each(formats)('B3 in $adapter.name: one encoding replaces the other', ({ adapter, make }) => {
  test('the single header is removed if several are written', () => {
    const received = make([
      ['mine', '1'],
      ['b3', `${spanContext.traceId}-${spanContext.spanId}-1`],
    ]);
    const sent = inject(adapter, received, next, { propagator: multi });
    expect(adapter.get(sent, 'b3')).toBeUndefined();
    expect(adapter.get(sent, 'x-b3-spanid')).toBe('00f067aa0ba902b7');
    expect(adapter.get(sent, 'mine')).toBe('1');
    expect(trace.getSpanContext(extract(adapter, sent, ROOT_CONTEXT, { propagator: single }))?.spanId).toBe(
      '00f067aa0ba902b7',
    );
  });

  test('the multiple headers are removed if one is written, including those that no propagator lists', () => {
    const sent = inject(adapter, make([['mine', '1'], ...multiHeaders]), next, { propagator: single });
    expect(new Set(adapter.keys(sent))).toEqual(new Set(['mine', 'b3']));
  });

  test.each([
    ['b3 before b3multi', [single, multi]],
    ['b3multi before b3', [multi, single]],
  ])('%s: both are replaced', (_, propagators) => {
    const propagator = new CompositePropagator({ propagators });
    const first = inject(adapter, make([['mine', '1']]), withSpan, { propagator });
    const second = inject(adapter, first, next, { propagator });
    expect(adapter.keys(second)).toHaveLength(adapter.keys(first).length);
    for (const each of propagators) {
      const read = extract(adapter, second, ROOT_CONTEXT, { propagator: each });
      expect(trace.getSpanContext(read)?.spanId).toBe('00f067aa0ba902b7');
    }
  });

  test('headers of propagators that are not configured belong to the application', () => {
    const own = make([['b3', 'mine'], ...multiHeaders, ['uber-trace-id', 'mine'], ['uberctx-k', 'v']]);
    const sent = inject(adapter, own, next, { propagator: 'mqtrace' });
    for (const name of ['b3', 'x-b3-traceid', 'x-b3-flags', 'uber-trace-id', 'uberctx-k']) {
      expect(adapter.getAll(sent, name)).toEqual(adapter.getAll(own, name));
    }
  });
});

test.each([
  [
    ['traceparent', 'baggage'],
    ['traceparent', 'baggage'],
  ],
  [
    ['X-B3-TraceId', 'traceparent'],
    ['b3', 'x-b3-*', 'b3', 'traceparent'],
  ],
  [
    ['b3', 'traceparent'],
    ['b3', 'x-b3-*', 'b3', 'traceparent'],
  ],
  [
    ['b3', 'traceparent', 'x-b3-spanid'],
    ['traceparent', 'b3', 'x-b3-*', 'b3'],
  ],
  [['uber-trace-id'], ['uber-trace-id', 'uberctx-*']],
  [
    ['ot-tracer-traceid', 'ot-tracer-spanid', 'ot-tracer-sampled'],
    ['ot-tracer-*', 'ot-baggage-*'],
  ],
  [['x-datadog-trace-id'], ['x-datadog-*']],
])('the fields %j imply the headers %j', (fields, names) => {
  expect(propagatorFields({ fields: () => fields } as unknown as TextMapPropagator)).toEqual(names);
});
