// Measures the start and duration of an operation whose span is created afterwards.
import { performance } from 'node:perf_hooks';
/**
 * The span times of an operation that is traced after it has finished. The start is from the wall clock, the duration is monotonic,
 * so that setting the clock back cannot cause a negative duration.
 */
export class OperationClock {
  /** The start in milliseconds since the epoch. */
  readonly start: number = Date.now();
  readonly #ticks: number = performance.now();

  /** Milliseconds since the start. */
  get elapsed(): number {
    return performance.now() - this.#ticks;
  }

  /** Milliseconds since the epoch, with fractions. */
  now(): number {
    return this.start + this.elapsed;
  }
}
