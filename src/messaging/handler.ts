// Runs an application's handler and ends its operation with the outcome.
import { activeContext, runInContext } from '../common/active-context.ts';
import { isEagerPromise } from '../common/eager-promise.ts';
import { reportFault } from '../common/faults.ts';
import { guard } from './instance.ts';
import type { Operation } from './operation.ts';

/** How an operation ends with a handler. */
export interface HandlerOptions {
  /** `'keep'`: a return without an observed promise does not end the operation; a settlement does. Default `'end'`. */
  onReturn?: 'end' | 'keep';
  /** Whether the client awaits any result of the handler: then any thenable is awaited, once. Default false. */
  awaited?: boolean;
}

/**
 * Runs a handler in an operation's context and ends the operation with it: when its promise settles, or when it returns or throws.
 * What the handler returns or throws reaches the client; a promise is replaced by one with the same outcome.
 *
 * For the promises that are observed see {@link isEagerPromise}. With any other result the operation ends at the return.
 */
export function runHandler<R>(operation: Operation, handler: () => R, options: HandlerOptions = {}): R {
  let result: R;
  try {
    result = runInContext(operation.context, handler);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
  if (isEagerPromise(result)) return observe(operation, result) as R;
  if (options.awaited && operation.isObserved && isThenable(result)) return observe(operation, awaitOnce(result)) as R;
  if (options.onReturn !== 'keep') operation.end();
  return result;
}

/**
 * Ends an operation with the result of a call: when its promise settles, else immediately. A promise is replaced by one with the
 * same outcome, so that ignoring it gives the same unhandled rejection as before.
 *
 * @param onResult - adds attributes from the result to the span, before the operation ends.
 */
export function endWith<R>(operation: Operation, result: R, onResult?: (result: Awaited<R>) => void): R {
  if (isEagerPromise(result))
    return observe(operation, result, onResult as ((result: unknown) => void) | undefined) as R;
  operation.end();
  return result;
}

function observe(
  operation: Operation,
  promise: Promise<unknown>,
  onResult?: (result: unknown) => void,
): Promise<unknown> {
  if (!operation.isObserved) return promise;
  try {
    return promise.then(
      (result) => {
        if (onResult !== undefined) guard('reading a result', () => onResult(result));
        operation.end();
        return result;
      },
      (error: unknown) => {
        operation.fail(error);
        throw error;
      },
    );
  } catch (error) {
    // The constructor of a subclass may throw for the derived promise.
    reportFault('observing a promise', error);
    operation.end();
    return promise;
  }
}

/**
 * Calls `seen` with the result of a call: when its promise is fulfilled, before the code that awaits it continues, else
 * immediately. A promise is replaced by one with the same outcome. A fault of `seen` is counted.
 */
export function observeResult<R>(result: R, seen: (value: Awaited<R>) => void): R {
  const see = (value: unknown): unknown => {
    guard('reading a result', () => seen(value as Awaited<R>));
    return value;
  };
  if (!isEagerPromise(result)) return see(result) as R;
  return (guard('observing a promise', () => result.then(see)) ?? result) as R;
}

/** Calls into the client within an operation's context; a synchronous exception fails the operation and is rethrown. */
export function callWithin<R>(operation: Operation, call: () => R): R {
  if (!operation.isObserved && operation.context === activeContext()) return call();
  try {
    return runInContext(operation.context, call);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
}

/**
 * A promise for a thenable that the client would await: the client would call `then` once, so it is called here instead, and the client
 * gets the promise.
 *
 * @internal
 */
export function awaitOnce(result: unknown): Promise<unknown> {
  return new Promise((resolve) => resolve(result));
}

/** @internal */
export function isThenable(result: unknown): boolean {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return false;
  try {
    return typeof (result as { then?: unknown }).then === 'function';
  } catch {
    // Awaiting it rejects with the same error.
    return true;
  }
}
