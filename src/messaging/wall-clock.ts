// The time of day of a moment that was read from the monotonic clock, without reading a second clock.
import { performance } from 'node:perf_hooks';

/** Milliseconds for which the distance of the two clocks is believed. */
const believed = 100;

/** The distance, and when it was read. A typed array, because a number in a variable of a module is allocated anew at each change. */
const distance = new Float64Array([0, -Infinity]);

/**
 * What `Date.now()` told at that moment, or a tenth of a second earlier where the time of day was changed since.
 *
 * @param ticks - of `performance.now()`, from a moment ago.
 */
export function timeOfDay(ticks: number): number {
  if (!(Math.abs(ticks - distance[1]!) < believed)) {
    const now = performance.now();
    // A time of day is cut to milliseconds, which the distance is not: the largest that was seen is the nearest to the truth.
    const seen = Date.now() - now;
    if (!(Math.abs(seen - distance[0]!) < 1) || seen > distance[0]!) distance[0] = seen;
    distance[1] = now;
  }
  return Math.floor(ticks + distance[0]!);
}
