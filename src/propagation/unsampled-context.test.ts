import { type Context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRandomTraceId, withRandomTraceId } from '../common/random-trace-id.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { parseUnsampled, UnsampledContext } from './unsampled-context.ts';
import { UnsampledText } from './unsampled-text.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...Array.from('0123456789abcdef')), { minLength: length, maxLength: length })
    .map((all) => all.join(''))
    .filter((id) => /[^0]/.test(id));
const key = createContextKey('other');
const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 });
const baggage = propagation.createBaggage({ key: { value: 'value' } });

const changes: readonly ((context: Context) => Context)[] = [
  (context) => context,
  (context) => trace.setSpan(context, span),
  (context) => trace.deleteSpan(context),
  (context) => propagation.setBaggage(context, baggage),
  (context) => propagation.deleteBaggage(context),
  (context) => withRandomTraceId(context, span.spanContext().traceId),
  (context) => suppressTracing(context),
  (context) => context.setValue(key, 1),
  (context) => context.setValue(key, 1).deleteValue(key),
];

test('it behaves like a context of the API with the parsed ids, for all values that are set and deleted', () => {
  const cases = fc.tuple(
    hex(32),
    hex(16),
    fc.constantFrom(0, 2),
    fc.boolean(),
    fc.boolean(),
    fc.nat(changes.length - 1),
  );
  fc.assert(
    fc.property(cases, ([traceId, spanId, flags, hasBaggage, marksRandom, change]) => {
      const seen = (context: Context): unknown => [
        trace.getSpanContext(context),
        trace.getSpan(context)?.isRecording(),
        propagation.getBaggage(context),
        isRandomTraceId(trace.deleteSpan(context), traceId),
        isTracingSuppressed(context),
        context.getValue(key),
      ];
      const carried = hasBaggage ? baggage : undefined;
      expect(parseUnsampled(Buffer.from(`00-${traceId}-${spanId}-0${flags}`))).toBe(flags);
      const ofBytes = UnsampledContext.ofParsed(flags, carried, marksRandom);
      const ofText = new UnsampledText(`00-${traceId}-${spanId}-0${flags}`, flags, carried, marksRandom);
      let theirs = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags, isRemote: true });
      if (carried !== undefined) theirs = propagation.setBaggage(theirs, carried);
      if (marksRandom) theirs = withRandomTraceId(theirs, traceId);
      for (const ours of [ofBytes, ofText]) {
        expect(seen(changes[change]!(ours))).toEqual(seen(changes[change]!(theirs)));
        expect(seen(ours)).toEqual(seen(theirs));
        expect(trace.getSpan(ours)).toBe(trace.getSpan(ours));
      }
    }),
  );
});

test.each([
  ['a sampled one', `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`],
  ['unknown flags', `00-${'1'.repeat(32)}-${'1'.repeat(16)}-04`],
  ['another version', `01-${'1'.repeat(32)}-${'1'.repeat(16)}-00`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-00`],
  ['a span id of zeros', `00-${'1'.repeat(32)}-${'0'.repeat(16)}-00`],
  ['capitals', `00-${'A'.repeat(32)}-${'1'.repeat(16)}-00`],
  ['another length', `00-${'1'.repeat(32)}-${'1'.repeat(16)}-00-`],
])('%s is not parsed', (_what, header) => {
  expect(parseUnsampled(Buffer.from(header))).toBeUndefined();
});

test('a character that is no digit is found at each position', () => {
  const header = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
  for (let at = 0; at < header.length; at++) {
    for (const other of ['g', '/', ':', '`', '\u00ff']) {
      const bytes = Buffer.from(header.slice(0, at) + other + header.slice(at + 1), 'latin1');
      expect(parseUnsampled(bytes)).toBeUndefined();
    }
  }
});
