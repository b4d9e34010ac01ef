// Writes the headers of one context into many messages, with one call of the propagator.
import {
  type Baggage,
  type Context,
  propagation,
  type SpanContext,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  type TraceState,
} from '@opentelemetry/api';
import { amqpHeaders } from '../../carriers/amqp-headers.ts';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { isHeaderMap } from '../../carriers/map-headers.ts';
import { answered, reportFault } from '../common/faults.ts';
import { isSampled } from '../common/is-sampled.ts';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { processBaggage } from './baggage-manager.ts';
import { fastExtractFor } from './current-propagator.ts';
import { fastExtract } from './fast-extract.ts';
import { keptOrigin } from './pipeline-origin.ts';
import { mqtracePropagator } from './propagator.ts';
import { stockHeaders } from './stock-headers.ts';
import { traceStateOutputLimit } from './trace-state.ts';
import { traceparentIn } from './traceparent.ts';
import { baggageHeader, hasCachedHeader } from './w3c-baggage.ts';

/** Alternating names and values, in the order in which the propagator writes them. */
type Pairs = string[];

const collect: TextMapSetter<Pairs> = {
  set(pairs, name, value) {
    pairs.push(name, value);
  },
};

/** As mqtrace's propagator writes them for a valid span context without a trace state; undefined for any other. */
function plainPairsOf(
  context: Context,
  spanContext: SpanContext | undefined,
  baggage: Baggage | undefined,
): Pairs | undefined {
  if (spanContext === undefined || spanContext.traceState !== undefined || !isValidSpanContext(spanContext))
    return undefined;
  // It is written into the trace state.
  if (keptOrigin(context) !== undefined) return undefined;
  const traceparent = traceparentIn(context, spanContext);
  const header = baggage === undefined ? '' : baggageHeader(baggage);
  // Not a list that grows, because one would take up five times the space.
  return header === '' ? ['traceparent', traceparent] : ['traceparent', traceparent, 'baggage', header];
}

/** As the propagator writes them. */
function pairsOf(propagator: TextMapPropagator, context: Context): Pairs {
  const pairs: Pairs = [];
  answered<unknown>(propagator.inject(context, pairs, collect));
  return pairs;
}

// The last headers of an unsampled context, and what they depend on: an application often sends several messages in one context.
// Entries of the process can be added to any context; they are checked for each message.
let lastHeaders: CarriedHeaders | undefined;
let lastContext: Context | undefined;
let lastSpanContext: SpanContext | undefined;
let lastTraceId: string | undefined;
let lastSpanId: string | undefined;
let lastFlags: number | undefined;
let lastState: TraceState | undefined;
let lastRead: typeof fastExtract | undefined;

function keep(headers: CarriedHeaders, context: Context, spanContext: SpanContext, read: typeof fastExtract): void {
  lastHeaders = headers;
  lastContext = context;
  lastSpanContext = spanContext;
  lastTraceId = spanContext.traceId;
  lastSpanId = spanContext.spanId;
  lastFlags = spanContext.traceFlags;
  lastState = spanContext.traceState;
  lastRead = read;
}

function kept(context: Context, spanContext: SpanContext, read: typeof fastExtract): CarriedHeaders | undefined {
  if (context !== lastContext || spanContext !== lastSpanContext || read !== lastRead) return undefined;
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const isSame = traceId === lastTraceId && spanId === lastSpanId && traceFlags === lastFlags;
  return isSame && traceState === lastState ? lastHeaders : undefined;
}

/** The fields that both propagators write, in this order. */
const fields = mqtracePropagator.fields();
const lengths: ReadonlySet<number> = new Set(fields.map((field) => field.length));

/** Removes the headers of an earlier message. */
function removeEarlier<H>(adapter: CarrierAdapter<H>, copy: H): void {
  const format: unknown = adapter;
  if (format === redisFields) {
    // Only the last fields of an entry are removed.
    const name = (copy as RedisFields).at(-2);
    if (typeof name === 'string' && !lengths.has(name.length)) return;
  }
  adapter.remove(copy, fields);
}

const noSpanId = '0'.repeat(16);

/** Whether an id is of 16 lower-case digits, not all zero. A regular expression takes three times as long. */
function isWellFormedSpanId(id: string): boolean {
  if (id.length !== 16) return false;
  for (let at = 0; at < 16; at++) {
    const code = id.charCodeAt(at);
    if (!(code >= 0x30 && code <= 0x39) && !(code >= 0x61 && code <= 0x66)) return false;
  }
  return id !== noSpanId;
}

/**
 * The headers of one context, for any number of messages, with the same result as `injectCopy`.
 *
 * @internal
 */
export class CarriedHeaders {
  readonly #pairs: Pairs;
  /** Whether there is nothing to propagate: then messages are not changed. */
  readonly isEmpty: boolean;
  /** The parts of the `traceparent` around the id of the span. */
  #head: string | undefined;
  #tail: string | undefined;

  /** @param pairs - what the propagator writes; undefined if there is nothing to propagate. */
  private constructor(pairs: Pairs | undefined) {
    this.isEmpty = pairs === undefined;
    this.#pairs = pairs ?? [];
  }

  /**
   * Undefined if the propagator must be called for each message. mqtrace's own and the stock one always write the
   * same for the same context; dropped headers are counted for each message. Tracing must not be suppressed in the
   * context.
   */
  static of(propagator: TextMapPropagator, context: Context): CarriedHeaders | undefined {
    const fast = fastExtractFor(propagator);
    if (fast === undefined) return undefined;
    try {
      const spanContext = trace.getSpanContext(context);
      const last = spanContext && kept(context, spanContext, fast);
      if (last !== undefined && processBaggage.applyTo(context) === context) return last;
      const state = spanContext?.traceState;
      if (state !== undefined && state.serialize().length > traceStateOutputLimit) return undefined;
      const baggage = propagation.getBaggage(context);
      if (baggage !== undefined && !hasCachedHeader(baggage)) return undefined;
      if (processBaggage.applyTo(context) !== context) return undefined;
      const isStock = fast !== fastExtract;
      let pairs = isStock ? stockHeaders(spanContext, baggage) : plainPairsOf(context, spanContext, baggage);
      if (pairs === undefined && hasPayload(context))
        pairs = pairsOf(isStock ? propagator : mqtracePropagator, context);
      const headers = new CarriedHeaders(pairs);
      if (spanContext !== undefined && !isSampled(spanContext)) keep(headers, context, spanContext, fast);
      return headers;
    } catch {
      // A foreign span or baggage that throws: the slow path counts the fault.
      return undefined;
    }
  }

  /** New headers with the context; undefined if the message must not be changed, also after a fault. */
  write<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined): H | undefined {
    return this.isEmpty ? undefined : this.#write(adapter, headers, this.#pairs[1]!);
  }

  /**
   * As {@link write}, for a context that differs from this one only by its span's ids: undefined if it may differ
   * otherwise.
   *
   * @param first - the span context of this context.
   */
  textFor(first: SpanContext, other: SpanContext): string | undefined {
    // Destructuring would create an iterator for each message.
    const text = this.#pairs[1];
    if (text === undefined || this.#pairs[0] !== 'traceparent') return undefined;
    if (other.traceFlags !== first.traceFlags || other.traceState !== first.traceState) return undefined;
    if (other.traceId !== first.traceId || !isWellFormedSpanId(other.spanId)) return undefined;
    this.#head ??= text.slice(0, 36);
    this.#tail ??= text.slice(52);
    return `${this.#head}${other.spanId}${this.#tail}`;
  }

  /** As {@link write}, with another `traceparent`. */
  writeWith<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined, traceparent: string): H | undefined {
    return this.#write(adapter, headers, traceparent);
  }

  /** As {@link write}, into headers that are not shared. */
  writeOnto<H>(adapter: CarrierAdapter<H>, headers: H): H | undefined {
    if (this.isEmpty) return undefined;
    try {
      removeEarlier(adapter, headers);
      const pairs = this.#pairs;
      for (let at = 0; at < pairs.length; at += 2) adapter.set(headers, pairs[at]!, pairs[at + 1]!);
      return headers;
    } catch (error) {
      reportFault('injecting context into a message', error);
      return undefined;
    }
  }

  /**
   * The names and values to append to a list of fields; undefined if it may end with the headers of an earlier message. The
   * caller must not modify them.
   *
   * @param fields - what precedes the fields in this list does not matter.
   */
  listFor(fields: readonly unknown[]): readonly string[] | undefined {
    const name = fields.at(-2);
    return typeof name === 'string' && !lengths.has(name.length) ? this.#pairs : undefined;
  }

  #write<H>(adapter: CarrierAdapter<H>, given: H | null | undefined, first: string): H | undefined {
    const pairs = this.#pairs;
    const format: unknown = adapter;
    try {
      // The clients do not send the entries of a Map, so nothing can be written to one.
      const headers = typeof given === 'object' && given !== null && isHeaderMap(given) ? undefined : given;
      if ((headers === undefined || headers === null) && (format === kafkaHeaders || format === amqpHeaders)) {
        // Constant names create objects of one shape, to which V8 adds properties quickly.
        if (pairs.length === 2 && pairs[0] === 'traceparent') return { traceparent: first } as H;
        if (pairs.length === 4 && pairs[0] === 'traceparent' && pairs[2] === 'baggage') {
          return { traceparent: first, baggage: pairs[3]! } as H;
        }
      }
      if (format === redisFields && Array.isArray(headers) && this.listFor(headers) !== undefined) {
        const added: readonly unknown[] = first === pairs[1] ? pairs : [pairs[0], first, ...pairs.slice(2)];
        return headers.concat(added) as H;
      }
      const copy = adapter.copy(headers);
      if (headers !== null && headers !== undefined) removeEarlier(adapter, copy);
      if (pairs.length > 0) adapter.set(copy, pairs[0]!, first);
      for (let at = 2; at < pairs.length; at += 2) adapter.set(copy, pairs[at]!, pairs[at + 1]!);
      return copy;
    } catch (error) {
      reportFault('injecting context into a message', error);
      return undefined;
    }
  }
}

/** Whether a context has a valid span, or baggage that can be sent. @internal */
export function hasPayload(context: Context): boolean {
  const spanContext = trace.getSpanContext(context);
  if (spanContext !== undefined && isValidSpanContext(spanContext)) return true;
  const baggage = propagation.getBaggage(context);
  return baggage !== undefined && baggageHeader(baggage) !== '';
}
