// The pauses of a consumer between failures, which end early when it is stopped.

/** @internal */
export class Pauses {
  #wake: (() => void) | undefined;

  /** Resolves after a time, or when {@link end} is called. */
  start(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#wake = wake;
    });
  }

  end(): void {
    this.#wake?.();
  }
}
