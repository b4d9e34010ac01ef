// Reads the context of common messages by a fast path.
import { Buffer } from 'node:buffer';
import { type Context, type SpanContext, trace, TraceFlags } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { amqpHeaders } from '../../carriers/amqp-headers.ts';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import { headerByteLimits } from '../../carriers/limits.ts';
import { redisFields } from '../../carriers/redis-fields.ts';
import { RANDOM_TRACE_ID_FLAG } from '../common/random-trace-id.ts';
import { markValid } from '../common/valid-span-context.ts';
import { FieldContext } from './field-context.ts';
import { isPlainBaggage } from './plain-baggage.ts';
import { PlainFields } from './plain-fields.ts';
import { flagsOfPlainTraceparent, parsePlainTraceparent, spanContextOf } from './plain-traceparent.ts';
import { isSimpleTraceState, W3CTraceState } from './trace-state.ts';
import { parseUnsampled, UnsampledContext } from './unsampled-context.ts';
import { UnsampledText } from './unsampled-text.ts';
import { W3CBaggage } from './w3c-baggage.ts';

/**
 * The context that mqtrace's propagator reads from these headers, based on the root context. Undefined for unusual headers (another
 * spelling, a repetition, a value of another type or length), which the slow path reads. Both have the same result,
 * including the counts of dropped headers.
 *
 * @internal
 */
export function fastExtract<H>(adapter: CarrierAdapter<H>, headers: H): Context | undefined {
  return read(adapter, headers, false);
}

/**
 * As {@link fastExtract}, for the stock W3C propagators: the slow path handles baggage that they would decode and
 * encode again, and `tracestate` with members other than those of OpenTelemetry and mqtrace. The random flag is that
 * of the span context.
 * @internal
 */
export function fastExtractPlain<H>(adapter: CarrierAdapter<H>, headers: H): Context | undefined {
  return read(adapter, headers, true);
}

function read<H>(adapter: CarrierAdapter<H>, headers: H, stock: boolean): Context | undefined {
  const format: unknown = adapter;
  try {
    if (format === kafkaHeaders) return fromRecord(headers as KnownNames, true, stock);
    if (format === amqpHeaders) return fromRecord(headers as KnownNames, false, stock);
    return format === redisFields ? fromFields(headers, stock) : undefined;
  } catch {
    // A getter or proxy that throws: the slow path counts the fault.
    return undefined;
  }
}

/** The spellings in which `carriers/spellings.ts` looks the names up. Names that are constants are found by an inline cache. */
interface KnownNames {
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
  readonly TRACESTATE?: unknown;
  readonly Tracestate?: unknown;
  readonly TraceState?: unknown;
  readonly traceState?: unknown;
  readonly baggage?: unknown;
  readonly BAGGAGE?: unknown;
  readonly Baggage?: unknown;
}

/**
 * Of several spellings of `traceparent` the last one is used, which is the lower-case one: the others need not be
 * read.
 */
function fromRecord(headers: KnownNames, ownOnly: boolean, stock: boolean): Context | undefined {
  const { traceparent, tracestate, baggage } = headers;
  if (traceparent === undefined) return undefined;
  // A Map, an array, or an instance of a class has another prototype.
  const prototype: unknown = Object.getPrototypeOf(headers);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  if (headers.TRACESTATE !== undefined || headers.Tracestate !== undefined) return undefined;
  if (headers.TraceState !== undefined || headers.traceState !== undefined) return undefined;
  if (headers.BAGGAGE !== undefined || headers.Baggage !== undefined) return undefined;
  if (ownOnly && !Object.hasOwn(headers, 'traceparent')) return undefined;
  if (ownOnly && baggage !== undefined && !Object.hasOwn(headers, 'baggage')) return undefined;
  if (ownOnly && tracestate !== undefined && !Object.hasOwn(headers, 'tracestate')) return undefined;
  return contextOf(traceparent, tracestate, baggage, stock);
}

/** Safe, because no other code runs while it is in use. */
const found = new PlainFields();

function fromFields(fields: unknown, stock: boolean): Context | undefined {
  if (fields instanceof PlainFields) return fromFound(fields, stock);
  return found.find(fields) ? fromFound(found, stock) : undefined;
}

function fromFound({ traceparent, tracestate, baggage }: PlainFields, stock: boolean): Context | undefined {
  return traceparent === undefined ? undefined : contextOf(traceparent, tracestate, baggage, stock);
}

function contextOf(traceparent: unknown, tracestate: unknown, baggage: unknown, stock: boolean): Context | undefined {
  if (tracestate === undefined && traceparent instanceof Buffer) {
    const flags = parseUnsampled(traceparent);
    if (flags !== undefined) {
      const carried = baggageOf(baggage, stock);
      return carried === null ? undefined : UnsampledContext.ofParsed(flags, carried, !stock && flags !== 0);
    }
  }
  if (tracestate === undefined && typeof traceparent === 'string') {
    const flags = flagsOfPlainTraceparent(traceparent);
    if (flags === undefined) return undefined;
    if ((flags & TraceFlags.SAMPLED) === 0) {
      const carried = baggageOf(baggage, stock);
      return carried === null ? undefined : new UnsampledText(traceparent, flags, carried, !stock && flags !== 0);
    }
    return contextWith(spanContextOf(traceparent, flags), baggage, stock);
  }
  const spanContext = parsePlainTraceparent(traceparent);
  if (spanContext === undefined) return undefined;
  if (tracestate !== undefined) {
    const text = plainText(tracestate, headerByteLimits.tracestate);
    if (text === undefined || (stock && !isSimpleTraceState(text))) return undefined;
    spanContext.traceState = new W3CTraceState(text);
  }
  return contextWith(spanContext, baggage, stock);
}

function contextWith(spanContext: SpanContext, baggage: unknown, stock: boolean): Context | undefined {
  const carried = baggageOf(baggage, stock);
  if (carried === null) return undefined;
  markValid(spanContext, true);
  const random = !stock && (spanContext.traceFlags & RANDOM_TRACE_ID_FLAG) !== 0;
  return FieldContext.of(trace.wrapSpanContext(spanContext), carried, random ? spanContext.traceId : undefined);
}

/** The baggage in a header; null if the slow path must read it. */
function baggageOf(header: unknown, stock: boolean): W3CBaggage | undefined | null {
  if (header === undefined) return undefined;
  const text = plainText(header, headerByteLimits.baggage);
  return text === undefined || (stock && !isPlainBaggage(text)) ? null : W3CBaggage.fromHeader(text);
}

/** A UTF-16 code unit takes at most three bytes in UTF-8, so text up to a third of the limit is always within it. */
const mostBytesPerUnit = 3;

/** A value as text, if it is certainly text, within the limit and not blank. */
function plainText(value: unknown, limit: number): string | undefined {
  if (typeof value === 'string') return isPlain(value.length, value.charCodeAt(0), limit) ? value : undefined;
  if (!(value instanceof Buffer) || !isPlain(value.length, value[0]!, limit)) return undefined;
  return value.toString('utf8');
}

function isPlain(length: number, first: number, limit: number): boolean {
  return length > 0 && length * mostBytesPerUnit <= limit && first > 0x20 && first < 0x7f;
}
