// Writes the headers of one context into many messages: the propagator is asked once.
import {
  type Context,
  propagation,
  type SpanContext,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { amqpHeaders } from '../../carriers/amqp-headers.ts';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { isHeaderMap } from '../../carriers/map-headers.ts';
import { answered, reportFault } from '../common/faults.ts';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { processBaggage } from './baggage-manager.ts';
import { fastExtractFor } from './current-propagator.ts';
import { fastExtract } from './fast-extract.ts';
import { mqtracePropagator } from './propagator.ts';
import { traceStateOutputLimit } from './trace-state.ts';
import { baggageHeader, isWrittenOnce } from './w3c-baggage.ts';

/** Alternating names and values, in the order in which the propagator writes them. */
type Pairs = string[];

const collect: TextMapSetter<Pairs> = {
  set(pairs, name, value) {
    pairs.push(name, value);
  },
};

/** What both propagators write, in this order. */
const fields = mqtracePropagator.fields();
const lengths: ReadonlySet<number> = new Set(fields.map((field) => field.length));

/** Removes what an earlier message left. */
function removeEarlier<H>(adapter: CarrierAdapter<H>, copy: H): void {
  const format: unknown = adapter;
  if (format === redisFields) {
    // Of an entry, only its last fields are ever removed.
    const name = (copy as RedisFields).at(-2);
    if (typeof name === 'string' && !lengths.has(name.length)) return;
  }
  adapter.remove(copy, fields);
}

const wellFormedSpanId = /^(?!0{16})[0-9a-f]{16}$/;

/**
 * The headers of one context, for any number of messages: each gets what `injectCopy` would give it.
 *
 * @internal
 */
export class CarriedHeaders {
  readonly #pairs: Pairs = [];
  /** Whether there is anything to carry; without, messages are left as they are. */
  readonly isEmpty: boolean;

  private constructor(propagator: TextMapPropagator, context: Context) {
    this.isEmpty = !hasPayload(context);
    if (!this.isEmpty) answered<unknown>(propagator.inject(context, this.#pairs, collect));
  }

  /**
   * Undefined if the propagator has to be asked for each message. mqtrace's own and the stock one are known to write the same for the
   * same context; what they count of it is counted for each message. Tracing must not be suppressed in the context.
   */
  static of(propagator: TextMapPropagator, context: Context): CarriedHeaders | undefined {
    const fast = fastExtractFor(propagator);
    if (fast === undefined) return undefined;
    try {
      const state = trace.getSpanContext(context)?.traceState;
      if (state !== undefined && state.serialize().length > traceStateOutputLimit) return undefined;
      const baggage = propagation.getBaggage(context);
      if (baggage !== undefined && !isWrittenOnce(baggage)) return undefined;
      if (processBaggage.applyTo(context) !== context) return undefined;
      // Not by way of the API, which would look for the same one.
      return new CarriedHeaders(fast === fastExtract ? mqtracePropagator : propagator, context);
    } catch {
      // A span or baggage of someone else that throws: the slow way counts it.
      return undefined;
    }
  }

  /** New headers with what is carried; undefined where the message is to be left as it is, also after a fault. */
  write<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined): H | undefined {
    return this.isEmpty ? undefined : this.#write(adapter, headers, this.#pairs[1]!);
  }

  /**
   * As {@link write}, for a context that differs from this one by the ids of its span alone: undefined if it may differ in more.
   *
   * @param first - the span context of this context.
   */
  textFor(first: SpanContext, other: SpanContext): string | undefined {
    const [name, text] = this.#pairs;
    if (name !== 'traceparent' || text === undefined) return undefined;
    if (other.traceFlags !== first.traceFlags || other.traceState !== first.traceState) return undefined;
    if (other.traceId !== first.traceId || !wellFormedSpanId.test(other.spanId)) return undefined;
    return `${text.slice(0, 36)}${other.spanId}${text.slice(52)}`;
  }

  /** As {@link write}, with another `traceparent`. */
  writeWith<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined, traceparent: string): H | undefined {
    return this.#write(adapter, headers, traceparent);
  }

  /** As {@link write}, onto headers that are nobody else's. */
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

  #write<H>(adapter: CarrierAdapter<H>, given: H | null | undefined, first: string): H | undefined {
    const pairs = this.#pairs;
    const format: unknown = adapter;
    try {
      // The clients send nothing of a Map, so that nothing may be written into one.
      const headers = typeof given === 'object' && given !== null && isHeaderMap(given) ? undefined : given;
      if ((headers === undefined || headers === null) && (format === kafkaHeaders || format === amqpHeaders)) {
        // Names that are constants make objects of one shape, which V8 adds properties to at once.
        if (pairs.length === 2 && pairs[0] === 'traceparent') return { traceparent: first } as H;
        if (pairs.length === 4 && pairs[0] === 'traceparent' && pairs[2] === 'baggage') {
          return { traceparent: first, baggage: pairs[3]! } as H;
        }
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
