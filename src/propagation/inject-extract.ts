// Writes a context into message headers, and reads it from them.
import { type Context, ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { checkNames } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { processBaggage } from './baggage-manager.ts';
import { hasPayload } from './carried-headers.ts';
import { type PropagatorChoice, resolvePropagator } from './current-propagator.ts';
import { activeContext, isContext } from '../common/active-context.ts';
import { propagatorFields } from './header-families.ts';
import { isTracingSuppressed } from '../common/suppression.ts';

/** Options of {@link inject} and {@link extract}. */
export interface PropagationOptions {
  /** The propagator that writes or reads. Default `'global'`. */
  propagator?: PropagatorChoice | undefined;
}

/**
 * Headers with the trace and baggage of a context: a copy of the given headers, in which trace headers of an earlier message are
 * replaced. The given headers are not changed. Returns a plain copy if the context has neither a valid span nor baggage, or tracing
 * is suppressed.
 *
 * @param adapter - the message format: `kafkaHeaders`, `amqpHeaders`, `redisFields` or `httpHeaders` of `mqtrace/carriers`.
 * @param headers - the current headers of the message; null or undefined for none.
 * @param context - the context to inject. Default: the active context.
 * @throws MqtraceError `INVALID_OPTION` for something else than an adapter, or wrong options
 */
export function inject<H>(
  adapter: CarrierAdapter<H>,
  headers: H | null | undefined,
  context: Context = activeContext(),
  options: PropagationOptions = {},
): H {
  const propagator = checked('inject', adapter, options);
  const injected = injectCopy(propagator, adapter, headers, context);
  if (injected !== undefined) return injected;
  try {
    return adapter.copy(headers);
  } catch (error) {
    reportFault('copying headers', error);
    return headers as H;
  }
}

/**
 * The context of a message. Never throws, for any headers; without a valid trace or baggage in them it is the given context.
 *
 * @param headers - the message's headers, also as a Map, or with Buffers that were converted to JSON; null or undefined for none.
 * @param context - the context to extend. Default: the root context, so that the active context is not mistaken for the message's.
 * @throws MqtraceError `INVALID_OPTION` for something else than an adapter, or wrong options
 */
export function extract<H>(
  adapter: CarrierAdapter<H>,
  headers: H | ReadonlyMap<unknown, unknown> | null | undefined,
  context: Context = ROOT_CONTEXT,
  options: PropagationOptions = {},
): Context {
  return extractFrom(checked('extract', adapter, options), adapter, headers as H | null | undefined, context);
}

/** Invalid arguments are mistakes in the program, and throw; invalid headers never do. */
function checked<H>(where: string, adapter: CarrierAdapter<H>, options: PropagationOptions): TextMapPropagator {
  const methods = ['get', 'getAll', 'keys', 'set', 'copy', 'remove'] as const;
  if (!methods.every((method) => typeof adapter?.[method] === 'function')) {
    throw invalidOption(where, adapter, 'a carrier adapter, as kafkaHeaders of mqtrace/carriers');
  }
  return propagatorOf(where, options);
}

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function propagatorOf(
  where: string,
  options: PropagationOptions,
  fallback: PropagatorChoice = 'global',
): TextMapPropagator {
  checkNames(`${where} options`, options, ['propagator']);
  return resolvePropagator(
    options.propagator === undefined ? fallback : options.propagator,
    `${where}({ propagator })`,
  );
}

/**
 * Like {@link inject}, but undefined if the message must not be changed.
 *
 * @param allowed - returns the context with the baggage that may be sent. @internal
 */
export function injectCopy<H>(
  propagator: TextMapPropagator,
  adapter: CarrierAdapter<H>,
  headers: H | null | undefined,
  context: Context,
  allowed?: (context: Context) => Context,
): H | undefined {
  try {
    if (isTracingSuppressed(context)) return undefined;
    const whole = processBaggage.applyTo(context);
    const outgoing = allowed === undefined ? whole : allowed(whole);
    if (!hasPayload(outgoing)) return undefined;
    const copy = adapter.copy(headers);
    if (headers !== null && headers !== undefined) adapter.remove(copy, propagatorFields(propagator));
    answered<unknown>(propagator.inject(outgoing, copy, adapter));
    return copy;
  } catch (error) {
    reportFault('injecting context into a message', error);
    return undefined;
  }
}

/** @internal */
export function extractFrom<H>(
  propagator: TextMapPropagator,
  adapter: CarrierAdapter<H>,
  headers: H | null | undefined,
  context: Context,
): Context {
  if (headers === null || headers === undefined) return context;
  try {
    const extracted: unknown = answered(propagator.extract(context, headers, adapter));
    if (isContext(extracted)) return extracted;
    throw new TypeError('extract() of the propagator returned no context');
  } catch (error) {
    reportFault('extracting context from a message', error);
    return context;
  }
}
