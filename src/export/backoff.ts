const firstMs = 500;
const maxMs = 30_000;
/** A receiver's wish for a pause is honoured up to here: a wrong clock there must not silence tracing for good. */
const maxAskedMs = 300_000;

/**
 * When to try again: exponential with full jitter, so that many processes do not return at the same moment, and never before
 * the receiver wants it.
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
