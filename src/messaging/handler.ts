import { types } from 'node:util';
import { context as contextApi } from '@opentelemetry/api';
import type { Operation } from './operation.ts';

/**
 * Runs a handler in an operation's context and ends the operation with it: when its promise settles, or when it returns or throws.
 * What the handler returns or throws reaches the client unchanged; of a promise it gets one that settles alike.
 *
 * @param options.onReturn - `'keep'`: a return without a promise does not end the operation (a settlement will).
 */
export function runHandler<R>(operation: Operation, handler: () => R, options: { onReturn?: 'end' | 'keep' } = {}): R {
  let result: R;
  try {
    result = contextApi.with(operation.context, handler);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
  // Only real promises: calling then() on a lazy thenable (a query builder) would run it, and clients that ignore what a handler
  // returns would then run something that was never meant to.
  if (types.isPromise(result)) return endWith(operation, result) as R;
  if (options.onReturn !== 'keep') operation.end();
  return result;
}

/**
 * Ends an operation when the promise settles, and gives a promise that settles alike, so that whoever ignores it gets the same
 * unhandled rejection as before.
 *
 * @param onResult - adds to the span what the result tells, before the operation ends. It must not throw.
 */
export function endWith<T>(operation: Operation, promise: Promise<T>, onResult?: (result: T) => void): Promise<T> {
  if (operation.span === undefined) return promise;
  return promise.then(
    (result) => {
      onResult?.(result);
      operation.end();
      return result;
    },
    (error: unknown) => {
      operation.fail(error);
      throw error;
    },
  );
}

/** Calls into the client within an operation's context; a synchronous throw fails the operation and goes on to the caller. */
export function callWithin<R>(operation: Operation, call: () => R): R {
  if (operation.span === undefined && operation.context === contextApi.active()) return call();
  try {
    return contextApi.with(operation.context, call);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
}
