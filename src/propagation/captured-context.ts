// Captures a context as plain data, and restores it.
import { type Context, ROOT_CONTEXT, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import { reportFault } from '../common/faults.ts';
import { activeContext, isContext } from '../common/active-context.ts';
import { propagatorOf, type PropagationOptions } from './inject-extract.ts';
import { runIn } from './run-in.ts';

/**
 * A context as plain data: the headers that a message would have. It can be stored as JSON with a row and restored later, in any
 * process.
 */
export interface CapturedContext {
  [header: string]: string;
}

/** The maximum length of a captured context as text. */
const textLimit = 32_768;

const setter: TextMapSetter<CapturedContext> = {
  set(carrier, key, value) {
    Object.defineProperty(carrier, key, { value, enumerable: true, configurable: true, writable: true });
  },
};

const getter: TextMapGetter<CapturedContext> = {
  get: (carrier, key) => (Object.hasOwn(carrier, key) ? carrier[key] : undefined),
  keys: (carrier) => Object.keys(carrier),
};

/**
 * The trace and baggage of a context as plain data, to store it with a row (outbox, delayed job) and resume it with {@link
 * withCapturedContext}. Empty if there is neither.
 *
 * @param context - default: the active context.
 * @param options.propagator - default `'mqtrace'`: W3C Trace Context and Baggage, independent of the registered propagator.
 */
export function captureContext(context: Context = activeContext(), options: PropagationOptions = {}): CapturedContext {
  const captured: CapturedContext = {};
  const propagator = propagatorOf('captureContext', options, 'mqtrace');
  if (!isContext(context)) throw invalidOption('captureContext(context)', context, 'a Context of OpenTelemetry');
  try {
    propagator.inject(context, captured, setter);
  } catch (error) {
    reportFault('capturing a context', error);
  }
  return captured;
}

/**
 * The captured context, based on the root context. Never throws: invalid or truncated data is ignored.
 *
 * @param captured - the result of {@link captureContext}, or its JSON text.
 */
export function restoreContext(captured: unknown, options: PropagationOptions = {}): Context {
  const propagator = propagatorOf('restoreContext', options, 'mqtrace');
  try {
    const carrier: unknown =
      typeof captured === 'string' ? captured.length <= textLimit && JSON.parse(captured) : captured;
    if (typeof carrier !== 'object' || carrier === null || Array.isArray(carrier)) return ROOT_CONTEXT;
    const restored: unknown = propagator.extract(ROOT_CONTEXT, carrier, getter);
    if (isContext(restored)) return restored;
    throw new TypeError('extract() of the propagator returned no context');
  } catch (error) {
    if (!(error instanceof SyntaxError)) reportFault('restoring a context', error);
    return ROOT_CONTEXT;
  }
}

/**
 * Runs `fn` in a captured context and returns its result: spans started in it continue the trace, messages sent in it carry the
 * baggage, and nothing is inherited from the active context.
 */
export function withCapturedContext<R>(captured: unknown, fn: () => R, options: PropagationOptions = {}): R {
  return runIn(restoreContext(captured, options), fn, 'withCapturedContext');
}
