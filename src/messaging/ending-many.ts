// Ends many operations at once without blocking the event loop.
import { performance } from 'node:perf_hooks';
import { type DeferredWork, defer } from '../common/deferred-work.ts';
import { drainsDeferred } from '../common/draining-processor.ts';
import { answered } from '../common/faults.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { oursOf } from './creating.ts';
import type { Failure } from './failure.ts';
import type { Messaging } from './messaging.ts';
import type { Operation } from './operation.ts';

/** As many are ended at once; writing their spans takes about a millisecond. */
const atOnce = 128;
const perStep = 32;

/**
 * Whether the spans of this many operations are written later: only those of `startTracing` and of a provider whose first span processor
 * is a `MqtraceSpanProcessor`. Their `flush()`, `shutdown()` and end of the process write what waits; other processors could lose it.
 */
export function writesLater(messaging: Messaging, operations: number): boolean {
  return operations > atOnce && messaging.fastPath && (oursOf(messaging) !== undefined || isDrained(messaging));
}

function isDrained(messaging: Messaging): boolean {
  try {
    return drainsDeferred(answered(messaging.tracer()));
  } catch {
    // The fault is counted where a span is started.
    return false;
  }
}

/**
 * Ends operations. All of them end now; the spans of many are written in slices, and none of the operations is visited before.
 *
 * @param ending - iterated once.
 * @param count - the maximum number of operations.
 * @param areShared - whether something else could also end them. Default: the caller no longer has them.
 * @param failure - with which they fail. Default: they succeed.
 */
export function endAll(
  messaging: Messaging,
  ending: Iterable<Operation>,
  count: number,
  areShared = false,
  failure?: Failure,
): void {
  if (!writesLater(messaging, count)) {
    for (const operation of ending) {
      if (failure === undefined) operation.end();
      else operation.fail(failure.error, failure.type);
    }
    return;
  }
  // A time of the monotonic clock, by which the spans measure their durations.
  const now = performance.now();
  const isVisitedNow = areShared || metricsEpoch() !== 0;
  const ended = endedLater(ending, failure);
  defer(new Writing(isVisitedNow ? emptied([...ended]) : ended, now, failure));
}

function* endedLater(ending: Iterable<Operation>, failure: Failure | undefined): Generator<Operation, void> {
  for (const operation of ending) if (operation.endLater(failure)) yield operation;
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
  readonly #failure: Failure | undefined;

  constructor(operations: Generator<Operation, void>, time: number, failure: Failure | undefined) {
    this.#operations = operations;
    this.#time = time;
    this.#failure = failure;
  }

  step(): boolean {
    for (let count = 0; count < perStep; count++) {
      const { done, value } = this.#operations.next();
      if (done) return false;
      value.write(this.#time, this.#failure);
    }
    return true;
  }
}
