// Converts times of the monotonic clock to wall-clock time, without reading a second clock.
import { performance } from 'node:perf_hooks';

/** Milliseconds for which the difference of the two clocks is cached. */
const believed = 100;

/**
 * The difference, and the time of its reading. A typed array, because changing a number in a module variable may allocate memory.
 */
const distance = new Float64Array([0, -Infinity]);

/**
 * The value of `Date.now()` at that moment; up to a tenth of a second outdated if the wall clock was changed.
 *
 * @param ticks - a recent value of `performance.now()`.
 */
export function wallClockTime(ticks: number): number {
  if (!(Math.abs(ticks - distance[1]!) < believed)) {
    const now = performance.now();
    // The wall clock is truncated to milliseconds, so the largest measured difference is the most exact one.
    const seen = Date.now() - now;
    if (!(Math.abs(seen - distance[0]!) < 1) || seen > distance[0]!) distance[0] = seen;
    distance[1] = now;
  }
  return Math.floor(ticks + distance[0]!);
}
