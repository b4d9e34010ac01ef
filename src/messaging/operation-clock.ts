// The start and duration of an operation whose span is made afterwards.
import { performance } from 'node:perf_hooks';
/**
 * A span's times for an operation that is only traced once it has finished. Wall-clock start, monotonic duration: a clock that is
 * set back under way does not make a negative duration.
 */
export class OperationClock {
  /** When it was started: milliseconds since the epoch. */
  readonly start: number = Date.now();
  readonly #ticks: number = performance.now();

  /** Milliseconds since it was started. */
  get elapsed(): number {
    return performance.now() - this.#ticks;
  }

  /** Milliseconds since the epoch, with fractions. */
  now(): number {
    return this.start + this.elapsed;
  }
}
