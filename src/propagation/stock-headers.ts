// Writes the headers of common contexts as the stock W3C propagator would.
import type { Baggage, SpanContext } from '@opentelemetry/api';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { isPlainBaggage } from './plain-baggage.ts';
import { formatTraceparent } from './traceparent.ts';
import { isW3CBaggage } from './w3c-baggage.ts';

/** Sampled and random: the stock propagator writes other flags too. */
const knownFlags = 3;
/** Well below the limits of the stock propagator, which applies them to each member and to the header. */
const longestBaggage = 2048;

/**
 * Alternating names and values, as the stock composite of W3C Trace Context and W3C Baggage writes them; undefined if it could
 * write something else than mqtrace: other flags, ids in capitals, a trace state, baggage that it would encode.
 *
 * @internal
 */
export function stockHeaders(spanContext: SpanContext | undefined, baggage: Baggage | undefined): string[] | undefined {
  if (spanContext === undefined || !isValidSpanContext(spanContext)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const areKnown = traceFlags === (traceFlags & knownFlags);
  if (!areKnown || (traceState !== undefined && traceState !== null)) return undefined;
  const traceparent = formatTraceparent(spanContext);
  if (!traceparent.startsWith(traceId, 3) || !traceparent.startsWith(spanId, 36)) return undefined;
  if (baggage === undefined) return ['traceparent', traceparent];
  const header = isW3CBaggage(baggage) ? baggage.receivedHeader : undefined;
  if (header === undefined || header.length > longestBaggage || !isPlainBaggage(header)) return undefined;
  return ['traceparent', traceparent, 'baggage', header];
}
