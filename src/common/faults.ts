// Counts and reports faults of tracing itself, and keeps them from the application.
import { types } from 'node:util';
import { isEagerPromise } from './eager-promise.ts';
import { processState } from './process-state.ts';
import { reportError } from './warnings.ts';

const reportEveryMs = 60_000;

/** One count for all copies of this package in the process. */
const faults: { count: number; lastReport: Map<string, number> } = processState('faults', 1, () => ({
  count: 0,
  lastReport: new Map(),
}));

/**
 * Counts a fault of tracing itself (a tracer, propagator or exporter that threw) and reports it at most once a minute for each
 * place: on `diag` if a logger is registered, else on stderr. It never reaches the application. @internal
 */
export function reportFault(where: string, error: unknown): void {
  faults.count++;
  const now = Date.now();
  if (now - (faults.lastReport.get(where) ?? 0) < reportEveryMs) return;
  faults.lastReport.set(where, now);
  reportError(undefined, `${where} failed; the application is not affected`, error);
}

/** The number of faults of tracing itself since the process started. None of them reached the application. */
export function tracingFaults(): number {
  return faults.count;
}

/**
 * Calls a function that the application or another package provides to tracing, such as a hook or a processor. An error that it
 * throws is counted as a fault, and so is the rejection of a promise that it returns, which has no other handler.
 * @internal
 */
export function callHook<R>(where: string, hook: () => R): R | undefined {
  try {
    const result = hook();
    observeRejection(result, (error) => reportFault(where, error));
    return result;
  } catch (error) {
    reportFault(where, error);
    return undefined;
  }
}

/** As {@link callHook}, for the result of a hook that the caller calls itself. @internal */
export function settleHook(where: string, result: unknown): void {
  if (typeof result === 'object' || typeof result === 'function') settleResult(where, result);
}

/** Not in the function above, because its closure would be prepared for each call. */
function settleResult(where: string, result: unknown): void {
  observeRejection(result, (error) => reportFault(where, error));
}

/**
 * The result of a function that must be synchronous.
 *
 * @throws TypeError for a promise, whose rejection is then handled here.
 * @internal
 */
export function answered<R>(result: R): R {
  if (!observeRejection(result, () => undefined)) return result;
  throw new TypeError('it returned a promise, expected a synchronous result');
}

/** Handles the rejection of a promise, without calling a `then` that may start its work. Returns whether it is a promise. */
function observeRejection(result: unknown, onRejected: (error: unknown) => void): boolean {
  if (typeof result !== 'object' && typeof result !== 'function') return false;
  if (types.isPromise(result)) void Promise.prototype.then.call(result, undefined, onRejected);
  else if (isEagerPromise(result)) void result.then(undefined, onRejected);
  else return false;
  return true;
}
