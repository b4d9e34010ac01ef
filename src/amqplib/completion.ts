// Observes how a call of the client ends, with amqplib's promise API and its callback API.
import { activeContext, bindToContext, guard, isEagerPromise, type Method, replaceMethod } from '../messaging/index.ts';

/** Called with the outcome of a call, before the application gets it. */
export interface Completion {
  /** Describes the activity, for reports of a fault. */
  where: string;
  done?: (value: unknown) => void;
  failed?: (error: unknown) => void;
  /** The position of the callback in the callback API, to pass one if the application does not. */
  callbackAt?: number | undefined;
}

/**
 * Calls the client's method and observes its outcome: with the callback, if the last argument is one, else with the returned
 * promise. The application gets the same outcome. Its callback runs in the context of the call, like code after an `await`; amqplib
 * would call it in the context in which the connection was opened.
 *
 * @param args - the arguments of the call, in a new array.
 */
export function complete(raw: Method, self: unknown, args: unknown[], completion: Completion): unknown {
  const { where, done, failed, callbackAt } = completion;
  const hear = (error: unknown, value: unknown): void => {
    guard(where, () => (error === null || error === undefined ? done?.(value) : failed?.(error)));
  };
  const last = args.length - 1;
  const callback = args[last];
  if (typeof callback === 'function') {
    const bound = bindToContext(activeContext(), callback as (...results: unknown[]) => unknown);
    const onReply = function (this: unknown, ...results: unknown[]): unknown {
      hear(results[0], results[1]);
      return Reflect.apply(bound, this, results);
    };
    args[last] = onReply;
    return Reflect.apply(raw, self, args);
  }
  if (callbackAt !== undefined) args[callbackAt] = hear;
  const result: unknown = Reflect.apply(raw, self, args);
  if (!isEagerPromise(result)) return result;
  const heard = guard('observing a promise', () =>
    result.then(
      (value) => {
        hear(undefined, value);
        return value;
      },
      (error: unknown) => {
        hear(error ?? new Error('rejected without a reason'), undefined);
        throw error;
      },
    ),
  );
  return heard ?? result;
}

/** Whether a channel or connection belongs to the callback API, whose methods have one more parameter. */
export function takesCallbacks(client: object): boolean {
  const { close } = client as { close?: unknown };
  return typeof close === 'function' && close.length > 0;
}

/** Runs the callbacks of these methods in the context of the call. */
export function bindCallbacks(client: object, names: readonly string[]): void {
  for (const name of names) replaceMethod(client, name, bindingCallback);
}

/** A method that runs the callback of the original in the context of the call. */
export function bindingCallback(raw: Method): Method {
  return function call(this: unknown, ...args: unknown[]): unknown {
    const last = args.length - 1;
    const callback = args[last];
    if (typeof callback === 'function') {
      args[last] = bindToContext(activeContext(), callback as (...results: unknown[]) => unknown);
    }
    return Reflect.apply(raw, this, args);
  };
}
