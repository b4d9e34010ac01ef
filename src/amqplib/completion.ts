// How a call of the client ends: amqplib has an API of promises and one of callbacks.
import { activeContext, bindToContext, guard, isEagerPromise, type Method, replaceMethod } from '../messaging/index.ts';

/** Hears how a call ended, before the application does. */
export interface Completion {
  /** Names what is done here, for reports of a fault. */
  where: string;
  done?: (value: unknown) => void;
  failed?: (error: unknown) => void;
  /** Where the method of the callback API takes a callback, for one to be given where the application gives none. */
  callbackAt?: number | undefined;
}

/**
 * Calls the client's method and hears how it ended: by the callback, if the last argument is one, else by the promise that it
 * returns. The application gets the same outcome. Its callback runs in the context of the call, as what follows an `await` does;
 * amqplib would call it in whatever context the connection was opened.
 *
 * @param args - the arguments of the call, in an array of our own.
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
    args[last] = function onReply(this: unknown, ...results: unknown[]): unknown {
      hear(results[0], results[1]);
      return Reflect.apply(bound, this, results);
    };
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

/** Whether a channel or connection is of the callback API, whose methods take one more argument. */
export function takesCallbacks(client: object): boolean {
  const { close } = client as { close?: unknown };
  return typeof close === 'function' && close.length > 0;
}

/** Lets the callbacks of these methods run in the context of the call. */
export function bindCallbacks(client: object, names: readonly string[]): void {
  for (const name of names) {
    replaceMethod(
      client,
      name,
      (raw) =>
        function call(this: unknown, ...args: unknown[]): unknown {
          const last = args.length - 1;
          const callback = args[last];
          if (typeof callback === 'function') {
            args[last] = bindToContext(activeContext(), callback as (...results: unknown[]) => unknown);
          }
          return Reflect.apply(raw, this, args);
        },
    );
  }
}
