// Access to the active context that survives a context manager that fails.
import { type Context, context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';

/** Whether a value can be used as a context. Propagators and context managers of others may return anything. @internal */
export function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Context>).getValue === 'function';
}

/** The active context. A context manager that throws, or returns no context, counts as a fault and gives the root context. @internal */
export function activeContext(): Context {
  try {
    const active: unknown = contextApi.active();
    if (isContext(active)) return active;
    reportFault('reading the active context', new TypeError('the context manager returned no context'));
  } catch (error) {
    reportFault('reading the active context', error);
  }
  return ROOT_CONTEXT;
}

/**
 * Calls `fn` in a context and returns its result, or throws what it throws. A context manager that fails counts as a fault: `fn` is
 * still called, once, and its outcome is the one that counts. @internal
 */
export function callInContext<R>(context: Context, fn: () => R): R {
  const outcome: { state: 'pending' | 'returned' | 'threw'; value: unknown } = { state: 'pending', value: undefined };
  try {
    contextApi.with(context, () => {
      outcome.state = 'threw';
      try {
        outcome.value = fn();
        outcome.state = 'returned';
      } catch (error) {
        outcome.value = error;
      }
    });
  } catch (error) {
    reportFault('entering a context', error);
  }
  if (outcome.state === 'pending') {
    reportFault('entering a context', new TypeError('the context manager did not call the function'));
    return fn();
  }
  if (outcome.state === 'threw') throw outcome.value;
  return outcome.value as R;
}
