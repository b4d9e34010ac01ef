import { afterEach, expect, test, vi } from 'vitest';
import { replaceClocks } from '../../test-support/clock.ts';
import { readWallClock } from './wall-clock.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Sets both clocks. */
function set(ticks: number, date: number): void {
  replaceClocks(
    () => ticks,
    () => date,
  );
}

function wallClockTime(ticks: number): number {
  const into = new Float64Array(1);
  readWallClock(new Float64Array([ticks]), into);
  return into[0]!;
}

test('returns the time of Date.now(), and follows a clock that is set', () => {
  set(1_000_000, 5_000_000_000.9);
  expect(wallClockTime(1_000_000)).toBe(5_000_000_000);
  // Half a second later almost one millisecond more is measured, which truncation had removed from the first reading.
  set(1_000_500.2, 5_000_000_501.1);
  expect(wallClockTime(1_000_500.2)).toBe(5_000_000_501);
  set(1_001_000, 5_000_001_000.9);
  expect(wallClockTime(1_001_000)).toBe(5_000_001_000);
  // Within a tenth of a second the second clock is not read.
  set(1_001_050, 0);
  expect(wallClockTime(1_001_050)).toBe(5_000_001_050);
  set(1_002_000, 4_000_000_000);
  expect(wallClockTime(1_002_000)).toBe(4_000_000_000);
  set(1_003_000, 6_000_000_000);
  expect(wallClockTime(1_003_000)).toBe(6_000_000_000);
  // Ticks before the last reading, as of an operation that started earlier.
  expect(wallClockTime(1_002_950)).toBe(5_999_999_950);
});
