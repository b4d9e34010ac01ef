import { type Context, propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, expect, it } from 'vitest';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { processBaggage } from './baggage-manager.ts';
import { CarriedHeaders } from './carried-headers.ts';
import { injectCopy } from './inject-extract.ts';
import { mqtracePropagator } from './propagator.ts';
import { W3CTraceState } from './trace-state.ts';
import { W3CBaggage } from './w3c-baggage.ts';

const stock = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
});
const propagators = { mqtrace: mqtracePropagator, stock };

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanContext = (more: Partial<SpanContext> = {}): SpanContext => ({
  traceId,
  spanId: '00f067aa0ba902b7',
  traceFlags: 0,
  ...more,
});
const withSpan = (context: Context, more?: Partial<SpanContext>): Context =>
  trace.setSpanContext(context, spanContext(more));
const withBaggage = (header: string): Context => propagation.setBaggage(ROOT_CONTEXT, W3CBaggage.fromHeader(header));

const contexts: Record<string, Context> = {
  'no payload': ROOT_CONTEXT,
  unsampled: withSpan(ROOT_CONTEXT),
  sampled: withSpan(ROOT_CONTEXT, { traceFlags: 1 }),
  'ids in capitals': withSpan(ROOT_CONTEXT, { traceId: traceId.toUpperCase(), spanId: '00F067AA0BA902B7' }),
  'a trace state': withSpan(ROOT_CONTEXT, { traceState: new W3CTraceState('ot=rv:0123456789abcd') }),
  'a trace state and baggage': withSpan(withBaggage('a=1,b=2'), { traceState: new W3CTraceState('v=1') }),
  baggage: withSpan(withBaggage('a=1,b=2')),
  'baggage alone': withBaggage('a=1'),
};
const lists: RedisFields[] = [
  ['a', 'b'],
  [Buffer.from('a'), Buffer.from('b')],
  ['a', 'b', 'traceparent', 'old', 'baggage', 'old=1'],
  ['traceparent', 'own', 'a', 'b'],
];

afterEach(() => processBaggage.clear());

it.each(Object.entries(propagators))('headers equal those of an injection by the propagator: %s', (_, propagator) => {
  for (const context of Object.values(contexts)) {
    for (const fields of lists) {
      const expected = injectCopy(propagator, redisFields, fields, context);
      // Twice, because the headers of the last unsampled context are kept.
      for (let time = 1; time <= 2; time++) {
        const headers = CarriedHeaders.of(propagator, context)!;
        expect(headers.write(redisFields, fields)).toStrictEqual(headers.isEmpty ? undefined : expected);
      }
    }
  }
});

it('another traceparent is written with all other headers', () => {
  const headers = CarriedHeaders.of(mqtracePropagator, contexts['a trace state and baggage']!)!;
  const written = ['a', 'b', 'traceparent', 'other', 'tracestate', 'v=1', 'baggage', 'a=1,b=2'];
  expect(headers.writeWith(redisFields, ['a', 'b'], 'other')).toStrictEqual(written);
});

it('the headers of an unsampled context are made once, and again when anything that they depend on changes', () => {
  const span = spanContext();
  const context = trace.setSpanContext(ROOT_CONTEXT, span);
  const first = CarriedHeaders.of(mqtracePropagator, context);
  expect(CarriedHeaders.of(mqtracePropagator, context)).toBe(first);
  expect(CarriedHeaders.of(stock, context)).not.toBe(first);

  const write = (): unknown => CarriedHeaders.of(mqtracePropagator, context)?.write(redisFields, []);
  expect(write()).toStrictEqual(['traceparent', `00-${traceId}-00f067aa0ba902b7-00`]);
  span.spanId = '00f067aa0ba902b8';
  expect(write()).toStrictEqual(['traceparent', `00-${traceId}-00f067aa0ba902b8-00`]);
  span.traceFlags = 2;
  expect(write()).toStrictEqual(['traceparent', `00-${traceId}-00f067aa0ba902b8-02`]);
  span.traceState = new W3CTraceState('v=1');
  expect(write()).toStrictEqual(['traceparent', `00-${traceId}-00f067aa0ba902b8-02`, 'tracestate', 'v=1']);
  processBaggage.set('region', 'eu');
  expect(CarriedHeaders.of(mqtracePropagator, context)).toBeUndefined();
});

it('sampled contexts, which contain their spans, are not kept', () => {
  const context = contexts['sampled']!;
  expect(CarriedHeaders.of(mqtracePropagator, context)).not.toBe(CarriedHeaders.of(mqtracePropagator, context));
});
