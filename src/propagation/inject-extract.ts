// Writes a context into message headers, and reads it from them.
import { type Context, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { checkNames } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { processBaggage } from './baggage-manager.ts';
import { type PropagatorChoice, resolvePropagator } from './current-propagator.ts';
import { activeContext, isContext } from '../common/active-context.ts';
import { propagatorFields } from './header-families.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { baggageHeader } from './w3c-baggage.ts';

/** Options of {@link inject} and {@link extract}. */
export interface PropagationOptions {
  /** Which propagator writes or reads. Default `'global'`. */
  propagator?: PropagatorChoice | undefined;
}

/**
 * Headers that carry a context's trace and baggage: a copy of those given, with what an earlier message left in them replaced.
 * The given headers are not changed. A context with neither a valid span nor baggage, or with tracing suppressed, gives a plain copy.
 *
 * @param adapter - the message format: `kafkaHeaders`, `amqpHeaders`, `redisFields` or `httpHeaders` of `mqtrace/carriers`.
 * @param headers - the message's headers so far; null or undefined for none.
 * @param context - what to carry. Default: the active context.
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
 * The context that a message carries. It does not throw, whatever the headers hold; without a valid trace or baggage in them it is
 * the context given.
 *
 * @param headers - the message's headers, also as a Map, or with Buffers that went through JSON; null or undefined for none.
 * @param context - what to extend. Default: the root context, so that nothing that happens to be active is taken for the message's.
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

/** Wrong arguments are mistakes in the program, and throw; wrong headers never do. */
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
 * As {@link inject}, but undefined where the message is to be left as it is.
 *
 * @param allowed - gives the context with what of its baggage may be sent. @internal
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

function hasPayload(context: Context): boolean {
  const spanContext = trace.getSpanContext(context);
  if (spanContext !== undefined && isValidSpanContext(spanContext)) return true;
  const baggage = propagation.getBaggage(context);
  return baggage !== undefined && baggageHeader(baggage) !== '';
}
