// Defines how tracing observes a consumer, and guards the consumer against its faults.
import { reportFault } from '../../common/faults.ts';
import type { DeliveredEntry } from './entries.ts';

/**
 * Observes the processing of entries, as tracing does. The consumer does not depend on it: `begin`, `end` and `fail` may throw, and
 * `begin` may return nothing.
 *
 * @internal
 */
export interface ConsumerObserver {
  /** An entry is about to be handled. */
  begin(entry: DeliveredEntry, deliveryAttempt: number | undefined): EntryObserver | undefined;
}

/** The observer of one entry. @internal */
export interface EntryObserver {
  /**
   * Runs the handler, and later the acknowledgement, in the context of the entry: exactly once, whatever the context manager does.
   * Returns or throws what `fn` does.
   */
  run<R>(fn: () => R): R;
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

  run<R>(fn: () => R): R {
    return this.#observer === undefined ? fn() : this.#observer.run(fn);
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
