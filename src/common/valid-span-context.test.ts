import { INVALID_SPANID, INVALID_TRACEID, isSpanContextValid, type SpanContext } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasLowerCaseIds, isValidSpanContext } from './valid-span-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test('agrees with the API for any ids, and knows those without capitals', () => {
  const id = (length: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)),
      fc.stringMatching(new RegExp(`^[0-9a-fA-F]{${length}}$`)),
      fc.stringMatching(new RegExp(`^[0-9a-fA-FgG/:@\u0130]{${length}}$`)),
      fc.string({ minLength: length - 1, maxLength: length + 1, unit: 'binary' }),
      fc.constantFrom('0'.repeat(length), 'F'.repeat(length), '', undefined as never, 7 as never),
    );
  fc.assert(
    fc.property(id(32), id(16), (traceId, spanId) => {
      const context = { traceId, spanId, traceFlags: 0 };
      const isValid = isValidSpanContext(context);
      expect(isValid).toBe(isSpanContextValid(context));
      if (isValid) expect(hasLowerCaseIds(context)).toBe(!/[A-F]/.test(traceId + spanId));
      expect(hasLowerCaseIds({ ...context })).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test('agrees with the API, also for a span context that was valid and is then modified', () => {
  const contexts: SpanContext[] = [
    { traceId, spanId, traceFlags: 0 },
    { traceId: INVALID_TRACEID, spanId, traceFlags: 1 },
    { traceId, spanId: INVALID_SPANID, traceFlags: 1 },
    { traceId: '', spanId: '', traceFlags: 0 },
    { traceId: traceId.toUpperCase(), spanId, traceFlags: 0 },
    { traceId: 'x'.repeat(32), spanId, traceFlags: 0 },
  ];
  for (const context of [...contexts, ...contexts.toReversed()]) {
    for (let time = 0; time < 2; time++) expect(isValidSpanContext(context)).toBe(isSpanContextValid(context));
  }
  const changing = { traceId, spanId, traceFlags: 0 };
  expect(isValidSpanContext(changing)).toBe(true);
  changing.spanId = INVALID_SPANID;
  expect(isValidSpanContext(changing)).toBe(false);
  changing.spanId = spanId;
  changing.traceId = INVALID_TRACEID;
  expect(isValidSpanContext(changing)).toBe(false);
});
