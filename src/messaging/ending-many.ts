// Ends many operations at once without blocking the event loop.
import { performance } from 'node:perf_hooks';
import { type DeferredWork, defer } from '../common/deferred-work.ts';
import { oursOf } from './creating.ts';
import type { Messaging } from './messaging.ts';
import type { Operation } from './operation.ts';

/** As many are ended at once; writing their spans takes about a millisecond. */
const atOnce = 128;
const perStep = 32;

/**
 * Whether the spans of this many operations are written later. Only those of `startTracing`, whose `flush()`, `shutdown()` and end of
 * the process write what waits: the processors of another SDK could lose it.
 */
export function writesLater(messaging: Messaging, operations: number): boolean {
  return operations > atOnce && messaging.fastPath && oursOf(messaging) !== undefined;
}

/**
 * Ends operations. All of them end now; the spans of many are written in slices.
 *
 * @param ending - no longer used by the caller.
 */
export function endAll(messaging: Messaging, ending: readonly Operation[]): void {
  if (!writesLater(messaging, ending.length)) {
    for (const operation of ending) operation.end();
    return;
  }
  // A time of the monotonic clock, by which the spans measure their durations.
  const now = performance.now();
  defer(
    new Writing(
      ending.filter((operation) => operation.endLater()),
      now,
    ),
  );
}

class Writing implements DeferredWork {
  readonly #operations: (Operation | undefined)[];
  readonly #time: number;
  #at = 0;

  constructor(operations: Operation[], time: number) {
    this.#operations = operations;
    this.#time = time;
  }

  step(): boolean {
    const operations = this.#operations;
    for (let count = 0; count < perStep && this.#at < operations.length; count++) {
      const at = this.#at++;
      operations[at]!.write(this.#time);
      // A written operation need not stay in memory until all are written.
      operations[at] = undefined;
    }
    return this.#at < operations.length;
  }
}
