// Computes the delay before a failed request is retried.
const firstMs = 500;
const maxMs = 30_000;
/** The longest delay that a receiver may request: a wrong clock on its side must not stop the export permanently. */
const maxAskedMs = 300_000;

/**
 * Exponential backoff with full jitter, so that many processes do not retry at the same time, and never shorter than the delay that
 * the receiver requested.
 *
 * @internal
 */
export class Backoff {
  #failures = 0;

  /** Milliseconds until the next attempt, after one more failure. */
  next(afterMs?: number): number {
    const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    return Math.max(Math.min(afterMs ?? 0, maxAskedMs), Math.random() * ceiling);
  }

  reset(): void {
    this.#failures = 0;
  }
}
