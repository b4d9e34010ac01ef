// Limits how long the natural end of a program waits for one destination.
const budgetMs = 5000;

/**
 * How long the natural end of a program (`beforeExit`) may wait for one destination: five seconds. They restart if the program has
 * continued and created spans, provided that the destination has ever responded; otherwise they do not, so that the program ends.
 *
 * @internal
 */
export class EndBudget {
  #deadline: number | undefined;
  #acceptedBefore = 0;
  #fresh = true;

  /** The event loop is empty. `accepted`: spans that have ended so far. */
  loopEmpty(accepted: number, answered: boolean): void {
    if (accepted > this.#acceptedBefore && answered) this.#fresh = true;
  }

  /**
   * The remaining milliseconds to wait. Called after the listeners for `beforeExit`: spans that these create each time must not
   * keep the process alive indefinitely.
   */
  open(now: number): number {
    if (this.#fresh) this.#deadline = now + budgetMs;
    this.#fresh = false;
    return Math.max(0, (this.#deadline ?? now) - now);
  }

  /** The listeners and their microtasks have run. */
  settled(accepted: number): void {
    this.#acceptedBefore = accepted;
  }
}
