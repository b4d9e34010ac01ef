import { afterEach, expect, test, vi } from 'vitest';
import { SizeLimit } from './size-limit.ts';

afterEach(() => void vi.useRealTimers());

const several = (length: number): { spans: number; length: number } => ({ spans: 2, length });
const single = (length: number): { spans: number; length: number } => ({ spans: 1, length });

test('requests as large as a rejected one are split without another attempt', () => {
  const limit = new SizeLimit();
  expect([limit.decide(several(1e9)), limit.bytes]).toEqual(['send', Infinity]);
  limit.rejected(several(1000));
  expect([limit.decide(several(1000)), limit.decide(several(999)), limit.bytes]).toEqual(['split', 'send', 500]);
});

test('single spans are sent until three in a row were too large', () => {
  const limit = new SizeLimit();
  for (const length of [300, 200]) limit.rejected(single(length));
  expect([limit.decide(single(300)), limit.refusesAll]).toEqual(['send', false]);
  limit.taken(single(100));
  for (const length of [300, 200]) limit.rejected(single(length));
  expect(limit.refusesAll).toBe(false);
  limit.rejected(single(250));
  expect(limit.refusesAll).toBe(true);
  expect([limit.decide(single(200)), limit.decide(single(199))]).toEqual(['drop', 'send']);
});

test('the limit is reset when a larger request is accepted, and after ten minutes', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const limit = new SizeLimit();
  limit.rejected(several(1000));
  limit.taken(several(1000));
  expect(limit.decide(several(5000))).toBe('send');
  limit.rejected(several(1000));
  vi.advanceTimersByTime(600_001);
  expect(limit.decide(several(1000))).toBe('send');
});
