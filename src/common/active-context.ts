// Access to OpenTelemetry's context manager. The application may register any context manager, so each call is guarded: if the
// manager throws or returns no context, that is a fault of tracing, which is counted and never reaches the application.
import { type Context, context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import { describe } from './errors.ts';
import { exactManager } from './exact-manager.ts';
import { answered, reportFault } from './faults.ts';

/** Whether a value can be used as a context. Third-party propagators and context managers may return anything. @internal */
export function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Context>).getValue === 'function';
}

/** The active context; the root context if the context manager fails. @internal */
export function activeContext(): Context {
  try {
    const active: unknown = (exactManager() ?? contextApi).active();
    if (isContext(active)) return active;
    answered(active);
    reportFault('reading the active context', new TypeError(`the context manager returned ${describe(active)}`));
  } catch (error) {
    reportFault('reading the active context', error);
  }
  return ROOT_CONTEXT;
}

/**
 * Runs `fn` in a context, and returns or throws what `fn` does. `fn` runs exactly once, even if the context manager throws, does
 * not call `fn`, calls it twice, returns something else or swallows the error.
 *
 * @internal
 */
export function runInContext<R>(context: Context, fn: () => R): R {
  const manager = exactManager();
  return manager === undefined ? runOnce(context, fn) : manager.with(context, fn);
}

/** As {@link runInContext}, with one argument, so that a call for each message needs no closure. @internal */
export function callInContext<A, R>(context: Context, fn: (argument: A) => R, argument: A): R {
  const manager = exactManager();
  if (manager === undefined) return callOnce(context, fn, argument);
  return manager.with(context, call<A, R>, undefined, fn, argument);
}

/** A separate function, because one that contains a closure allocates its variables even if the closure is not needed. */
function callOnce<A, R>(context: Context, fn: (argument: A) => R, argument: A): R {
  return runOnce(context, () => fn(argument));
}

/** Also passes no `this`, in place of the manager's null. */
function call<A, R>(fn: (argument: A) => R, argument: A): R {
  return fn(argument);
}

/** As {@link callInContext}, for a method. @internal */
export function applyInContext<This, Args extends unknown[], R>(
  context: Context,
  fn: (this: This, ...args: Args) => R,
  thisArg: This,
  args: Args,
): R {
  const manager = exactManager();
  if (manager === undefined) return applyOnce(context, fn, thisArg, args);
  return manager.with(context, apply<This, Args, R>, undefined, fn, thisArg, args);
}

function applyOnce<This, Args extends unknown[], R>(
  context: Context,
  fn: (this: This, ...args: Args) => R,
  thisArg: This,
  args: Args,
): R {
  return runOnce(context, () => fn.apply(thisArg, args));
}

function apply<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R, thisArg: This, args: Args): R {
  return fn.apply(thisArg, args);
}

/** As {@link runInContext}, for an unknown manager. @internal */
export function runOnce<R>(context: Context, fn: () => R): R {
  let called = false;
  let threw = false;
  let outcome: unknown;
  const once = (): unknown => {
    if (called) {
      reportFault('entering a context', new Error('the context manager called the function more than once'));
      return outcome;
    }
    called = true;
    try {
      outcome = fn();
    } catch (error) {
      threw = true;
      outcome = error;
      throw error;
    }
    return outcome;
  };
  try {
    const returned: unknown = contextApi.with(context, once);
    // The caller handles the function's result. A promise that the manager created has no other handler.
    if (!called || threw || !Object.is(returned, outcome)) answered(returned);
    if (called && (threw || !Object.is(returned, outcome))) {
      reportFault('entering a context', new Error('the context manager did not return or throw what the function did'));
    }
  } catch (error) {
    if (!threw || error !== outcome) reportFault('entering a context', error);
  }
  if (!called) {
    reportFault('entering a context', new Error('the context manager did not call the function'));
    // Counts a later call by the manager as the second one.
    called = true;
    return fn();
  }
  if (threw) throw outcome;
  return outcome as R;
}

/** A function that runs `fn` in a context each time it is called, with its own `this` and arguments. @internal */
export function bindToContext<This, Args extends unknown[], R>(
  context: Context,
  fn: (this: This, ...args: Args) => R,
): (this: This, ...args: Args) => R {
  return function (this: This, ...args: Args): R {
    return applyInContext(context, fn, this, args);
  };
}
