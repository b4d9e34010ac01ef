// Stores a context as plain data, and restores it.
import { type Context, ROOT_CONTEXT, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import { reportFault } from '../common/faults.ts';
import { activeContext, isContext } from '../common/active-context.ts';
import { propagatorOf, type PropagationOptions } from './inject-extract.ts';
import { runIn } from './run-in.ts';

/** A context as plain data: what a message would carry. It may be stored as JSON with a row and resumed later, anywhere. */
export interface CapturedContext {
  [header: string]: string;
}

/** Text beyond this cannot be a captured context. */
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
 * The trace and baggage of a context as plain data, to be stored with a row (outbox, delayed job) and resumed with
 * {@link withCapturedContext}. Empty where there is nothing to carry.
 *
 * @param context - default: the active context.
 * @param options.propagator - default `'mqtrace'`: W3C Trace Context and Baggage, whatever is registered by then.
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
 * The context that was captured, on top of the root context. Never throws: what was stored may have been cut short or be of another
 * kind; what cannot be read is not there.
 *
 * @param captured - as {@link captureContext} gave it, or that as JSON text.
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
 * Runs `fn` in a captured context and returns what it returns: spans started within continue the trace, messages sent within carry
 * its baggage, and nothing of what is active now is mixed in.
 */
export function withCapturedContext<R>(captured: unknown, fn: () => R, options: PropagationOptions = {}): R {
  return runIn(restoreContext(captured, options), fn, 'withCapturedContext');
}
