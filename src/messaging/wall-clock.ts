// Converts times of the monotonic clock to wall-clock time, without reading a second clock.
import { readTicks } from './ticks.ts';

/** Milliseconds for which the difference of the two clocks is cached. */
const believed = 100;

/**
 * The difference, and the time of its reading. A typed array, because changing a number in a module variable may allocate memory.
 */
const distance = new Float64Array([0, -Infinity]);

/**
 * Stores the value of `Date.now()` at that moment; up to a tenth of a second outdated if the wall clock was changed.
 *
 * @param ticks - a recent time of `readTicks`.
 */
export function readWallClock(ticks: Float64Array, into: Float64Array): void {
  const at = ticks[0]!;
  if (!(Math.abs(at - distance[1]!) < believed)) compare();
  into[0] = Math.floor(at + distance[0]!);
}

function compare(): void {
  readTicks(distance, 1);
  // The wall clock is truncated to milliseconds, so the largest measured difference is the most exact one.
  const seen = Date.now() - distance[1]!;
  if (!(Math.abs(seen - distance[0]!) < 1) || seen > distance[0]!) distance[0] = seen;
}
