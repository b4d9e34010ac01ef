// Says how long to wait before a failed request is tried again.
const firstMs = 500;
const maxMs = 30_000;
/** The longest pause that a receiver may ask for: a wrong clock there must not stop the export permanently. */
const maxAskedMs = 300_000;

/**
 * Exponential backoff with full jitter, so that many processes do not return at the same moment, and never shorter than the pause
 * that the receiver asked for.
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
