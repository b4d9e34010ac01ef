// Limits how long the natural end of a program waits for one destination.
const budgetMs = 5000;

/**
 * How long the natural end of a program (`beforeExit`) may wait for one destination: five seconds. They begin again when the
 * program has gone on and made spans since, if the destination has ever answered; beside one that never did they do not, so that
 * the end comes.
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
   * Milliseconds that may be waited from now on. Called when the listeners for `beforeExit` have run: spans that these make, each
   * time, must not keep the process alive indefinitely.
   */
  open(now: number): number {
    if (this.#fresh) this.#deadline = now + budgetMs;
    this.#fresh = false;
    return Math.max(0, (this.#deadline ?? now) - now);
  }

  /** The listeners have run, and so has what they left to run at once. */
  settled(accepted: number): void {
    this.#acceptedBefore = accepted;
  }
}
