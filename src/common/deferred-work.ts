// Does work later, in slices between which the event loop turns.
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import { reportFault } from './faults.ts';
import { processState } from './process-state.ts';

/** Work of many short steps. @internal */
export interface DeferredWork {
  /** Does one step, of less than a millisecond. Returns whether there are more. */
  step(): boolean;
}

/** The longest time that a slice blocks the event loop, in milliseconds. */
const sliceMs = 5;

// The wrappers and the SDK's part may be in different copies of this package: a flush has to find the work of all of them.
const state: { waiting: DeferredWork[]; scheduled: boolean } = processState('deferred-work', 1, () => ({
  waiting: [],
  scheduled: false,
}));

/** Does the work in slices, after other events. The process does not end by itself before it is done. @internal */
export function defer(work: DeferredWork): void {
  state.waiting.push(work);
  schedule();
}

/** Resolves when all work that waits now has been done, in slices: for what waits anyway, such as a flush. @internal */
export async function deferredDone(): Promise<void> {
  const waiting = new Set(state.waiting);
  while (state.waiting.some((work) => waiting.has(work))) {
    schedule();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Does all work that waits now: for what cannot wait, such as the end of the process. @internal */
export function drainDeferred(): void {
  while (state.waiting.length > 0) step();
}

function schedule(): void {
  if (state.scheduled || state.waiting.length === 0) return;
  state.scheduled = true;
  setImmediate(slice);
}

function slice(): void {
  state.scheduled = false;
  const end = performance.now() + sliceMs;
  while (state.waiting.length > 0 && performance.now() < end) step();
  schedule();
}

function step(): void {
  const work = state.waiting[0]!;
  let more = false;
  try {
    more = work.step();
  } catch (error) {
    reportFault('ending spans', error);
  }
  if (more) return;
  // A processor may flush when a span ends, which may already have done the rest.
  const at = state.waiting.indexOf(work);
  if (at >= 0) state.waiting.splice(at, 1);
}
