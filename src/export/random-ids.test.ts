import { isSpanContextValid } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { randomIds } from './random-ids.ts';

afterEach(() => vi.restoreAllMocks());

test('ids are valid, in lower case, and different', () => {
  const seen = new Set<string>();
  for (let count = 0; count < 1000; count++) {
    const traceId = randomIds.generateTraceId();
    const spanId = randomIds.generateSpanId();
    expect(isSpanContextValid({ traceId, spanId, traceFlags: 0 })).toBe(true);
    expect(`${traceId}${spanId}`).toMatch(/^[0-9a-f]{48}$/);
    seen.add(traceId).add(spanId);
  }
  expect(seen.size).toBe(2000);
});

test('every digit of an id is random', () => {
  const values = Array.from({ length: 32 }, () => new Set<string>());
  for (let count = 0; count < 1000; count++) {
    const id = randomIds.generateTraceId();
    for (let at = 0; at < 32; at++) values[at]!.add(id.charAt(at));
  }
  expect(values.map(({ size }) => size)).toEqual(Array.from({ length: 32 }, () => 16));
});

test('an id is never all zeros', () => {
  vi.spyOn(Math, 'random')
    .mockReturnValueOnce(0)
    .mockReturnValueOnce(0)
    .mockReturnValueOnce(0)
    .mockReturnValueOnce(0.5);
  expect(randomIds.generateSpanId()).toBe('0000000080000000');
});
