// Defines how tracing observes a consumer, and guards the consumer against its faults.
import { reportFault } from '../../common/faults.ts';
import type { DeliveredEntry } from './entries.ts';

/**
 * Observes the processing of entries, as tracing does. The consumer does not depend on it: each method may throw, return nothing, or not
 * call the function that it is given.
 *
 * @internal
 */
export interface ConsumerObserver {
  /** An entry is about to be handled. */
  begin(entry: DeliveredEntry, deliveryAttempt: number | undefined): EntryObserver | undefined;
}

/** The observer of one entry. @internal */
export interface EntryObserver {
  /** Runs the handler, and later the acknowledgement, in the context of the entry. */
  run(fn: () => void): void;
  /** The handler has returned, and its promise has resolved. */
  end(): void;
  fail(error: unknown): void;
}

/** The observer of one entry, guarded: its faults are counted and reported. @internal */
export class GuardedObserver {
  readonly #observer: EntryObserver | undefined;

  constructor(observer: ConsumerObserver, entry: DeliveredEntry, deliveryAttempt: number | undefined) {
    this.#observer = guarded(() => observer.begin(entry, deliveryAttempt));
  }

  /** Runs `fn` exactly once, and returns or throws what it does. */
  run<R>(fn: () => R): R {
    let called = false;
    let outcome: { result: R } | { error: unknown } | undefined;
    const once = (): void => {
      if (called) return;
      called = true;
      try {
        outcome = { result: fn() };
      } catch (error) {
        outcome = { error };
      }
    };
    guarded(() => this.#observer?.run(once));
    once();
    const { result, error } = outcome as unknown as { result: R; error: unknown };
    if ('error' in outcome!) throw error;
    return result;
  }

  end(): void {
    guarded(() => this.#observer?.end());
  }

  fail(error: unknown): void {
    guarded(() => this.#observer?.fail(error));
  }
}

function guarded<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    reportFault('tracing a stream entry', error);
    return undefined;
  }
}
