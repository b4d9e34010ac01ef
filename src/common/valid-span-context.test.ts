import { INVALID_SPANID, INVALID_TRACEID, isSpanContextValid, type SpanContext } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { isValidSpanContext } from './valid-span-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

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
