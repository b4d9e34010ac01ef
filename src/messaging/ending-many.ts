// Ends many operations at once without blocking the event loop.
import { performance } from 'node:perf_hooks';
import { type DeferredWork, defer } from '../common/deferred-work.ts';
import { metricsEpoch } from '../metrics/series.ts';
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
 * Ends operations. All of them end now; the spans of many are written in slices, and none of the operations is visited before.
 *
 * @param ending - iterated once.
 * @param count - the maximum number of operations.
 * @param areShared - whether something else could also end them. Default: the caller no longer has them.
 */
export function endAll(messaging: Messaging, ending: Iterable<Operation>, count: number, areShared = false): void {
  if (!writesLater(messaging, count)) {
    for (const operation of ending) operation.end();
    return;
  }
  // A time of the monotonic clock, by which the spans measure their durations.
  const now = performance.now();
  const isVisitedNow = areShared || metricsEpoch() !== 0;
  const ended = endedLater(ending);
  defer(new Writing(isVisitedNow ? emptied([...ended]) : ended, now));
}

function* endedLater(ending: Iterable<Operation>): Generator<Operation, void> {
  for (const operation of ending) if (operation.endLater()) yield operation;
}

/** The operations of a list, each of which need not stay in memory until all are written. */
function* emptied(operations: (Operation | undefined)[]): Generator<Operation, void> {
  for (let at = 0; at < operations.length; at++) {
    const operation = operations[at]!;
    operations[at] = undefined;
    yield operation;
  }
}

class Writing implements DeferredWork {
  readonly #operations: Generator<Operation, void>;
  readonly #time: number;

  constructor(operations: Generator<Operation, void>, time: number) {
    this.#operations = operations;
    this.#time = time;
  }

  step(): boolean {
    for (let count = 0; count < perStep; count++) {
      const { done, value } = this.#operations.next();
      if (done) return false;
      value.write(this.#time);
    }
    return true;
  }
}
