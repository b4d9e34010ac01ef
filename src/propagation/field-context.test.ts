import { type Context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRandomTraceId, withRandomTraceId } from '../common/random-trace-id.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { FieldContext } from './field-context.ts';

const spans = ['1', '2'].map((digit) =>
  trace.wrapSpanContext({ traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1 }),
);
const baggages = ['1', '2'].map((value) => propagation.createBaggage({ key: { value } }));
const keys = [createContextKey('one'), createContextKey('two')];

/** Every way in which the API, the SDK and applications derive contexts. */
const changes: readonly ((context: Context) => Context)[] = [
  ...spans.map((span) => (context: Context) => trace.setSpan(context, span)),
  (context) => trace.setSpanContext(context, spans[0]!.spanContext()),
  (context) => trace.deleteSpan(context),
  ...baggages.map((baggage) => (context: Context) => propagation.setBaggage(context, baggage)),
  (context) => propagation.deleteBaggage(context),
  ...spans.map((span) => (context: Context) => withRandomTraceId(context, span.spanContext().traceId)),
  (context) => suppressTracing(context),
  ...keys.flatMap((key) => [
    (context: Context) => context.setValue(key, 'value'),
    (context: Context) => context.setValue(key, undefined),
    (context: Context) => context.deleteValue(key),
  ]),
];

const seen = (context: Context): unknown => [
  trace.getSpan(context)?.spanContext(),
  propagation.getBaggage(context)?.getAllEntries(),
  spans.map((span) => isRandomTraceId(context, span.spanContext().traceId)),
  isTracingSuppressed(context),
  keys.map((key) => context.getValue(key)),
];

test('it behaves like the context of the API for all values that are set and deleted, and earlier contexts do not change', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(changes.length - 1), { maxLength: 12 }), (steps) => {
      let ours: Context = FieldContext.of(spans[0], baggages[0], spans[0]!.spanContext().traceId);
      let theirs = withRandomTraceId(
        propagation.setBaggage(trace.setSpan(ROOT_CONTEXT, spans[0]!), baggages[0]!),
        spans[0]!.spanContext().traceId,
      );
      const history: [Context, unknown][] = [];
      for (const step of steps) {
        ours = changes[step]!(ours);
        theirs = changes[step]!(theirs);
        expect(seen(ours)).toEqual(seen(theirs));
        history.push([ours, seen(ours)]);
      }
      for (const [context, before] of history) expect(seen(context)).toEqual(before);
    }),
  );
});

test('span and baggage are stored in fields: setting them creates no context of the API', () => {
  const context = trace.setSpan(
    propagation.setBaggage(FieldContext.of(undefined, undefined, undefined), baggages[0]!),
    spans[0]!,
  );
  expect(context).toBeInstanceOf(FieldContext);
  expect(trace.getSpan(context)).toBe(spans[0]);
  expect(propagation.getBaggage(context)).toBe(baggages[0]);
});
