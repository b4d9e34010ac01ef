// Implements an OpenTelemetry context with fields for trace and baggage, so that setting them does not copy a map.
import { type Baggage, type Context, propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { withRandomTraceId } from '../common/random-trace-id.ts';

/** The context key that a function of the API or of mqtrace uses, found by calling it, because the API does not export the key. */
function keyOf(set: (context: Context) => unknown): symbol {
  let found: symbol | undefined;
  const probe: Context = {
    getValue: () => undefined,
    setValue(key) {
      found = key;
      return probe;
    },
    deleteValue: () => probe,
  };
  set(probe);
  if (found === undefined) throw new TypeError('the function set no value in the context');
  return found;
}

/** @internal */
export const spanKey: symbol = keyOf((context) =>
  trace.setSpanContext(context, { traceId: '', spanId: '', traceFlags: 0 }),
);
/** @internal */
export const baggageKey: symbol = keyOf((context) => propagation.setBaggage(context, propagation.createBaggage()));
/** @internal */
export const randomKey: symbol = keyOf((context) => withRandomTraceId(context, ''));

/**
 * A context with fields for the common values of messages. Other keys are stored in a context of the API. Immutable, like all
 * contexts.
 */
export class FieldContext implements Context {
  readonly #span: unknown;
  readonly #baggage: unknown;
  /** The trace id that was received with the random flag. */
  readonly #random: unknown;
  readonly #rest: Context;

  private constructor(span: unknown, baggage: unknown, random: unknown, rest: Context) {
    this.#span = span;
    this.#baggage = baggage;
    this.#random = random;
    this.#rest = rest;
  }

  /** The root context with a span, baggage, and the trace id that is known to be random. */
  static of(span: Span | undefined, baggage: Baggage | undefined, randomTraceId: string | undefined): FieldContext {
    return new FieldContext(span, baggage, randomTraceId, ROOT_CONTEXT);
  }

  /** A context with another span, which does not copy the values of a context of the API. */
  static withSpan(context: Context, span: Span): Context {
    if (context instanceof FieldContext) return context.setValue(spanKey, span);
    return new FieldContext(span, context.getValue(baggageKey), context.getValue(randomKey), context);
  }

  /** The given context with a span, baggage, and the trace id that is known to be random, of those that are given. */
  static extend(
    context: Context,
    span: Span | undefined,
    baggage: Baggage | undefined,
    randomTraceId: string | undefined,
  ): Context {
    if (span === undefined && baggage === undefined) return context;
    return new FieldContext(
      span ?? context.getValue(spanKey),
      baggage ?? context.getValue(baggageKey),
      randomTraceId ?? context.getValue(randomKey),
      context,
    );
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return this.#span;
    if (key === baggageKey) return this.#baggage;
    if (key === randomKey) return this.#random;
    return this.#rest.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === spanKey) return new FieldContext(value, this.#baggage, this.#random, this.#rest);
    if (key === baggageKey) return new FieldContext(this.#span, value, this.#random, this.#rest);
    if (key === randomKey) return new FieldContext(this.#span, this.#baggage, value, this.#rest);
    return new FieldContext(this.#span, this.#baggage, this.#random, this.#rest.setValue(key, value));
  }

  deleteValue(key: symbol): Context {
    if (key === spanKey || key === baggageKey || key === randomKey) return this.setValue(key, undefined);
    return new FieldContext(this.#span, this.#baggage, this.#random, this.#rest.deleteValue(key));
  }
}
