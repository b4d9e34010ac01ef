// Replaces the clocks of the process by one that a test advances.
import { performance } from 'node:perf_hooks';
import { vi } from 'vitest';

/**
 * Lets every clock show the time that a test chooses, until `vi.restoreAllMocks()`.
 *
 * @param ticks - the time of the monotonic clock, in milliseconds.
 * @param wall - the time of the wall clock, in milliseconds since the epoch; `Date.now()` has no fractions.
 */
export function replaceClocks(ticks: () => number, wall: () => number): void {
  vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(wall()));
  vi.spyOn(performance, 'now').mockImplementation(ticks);
  vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => BigInt(Math.round(ticks() * 1e6)));
}
