// Writes the headers of common contexts as the stock W3C propagator would.
import type { Baggage, SpanContext } from '@opentelemetry/api';
import { hasLowerCaseIds, isValidSpanContext } from '../common/valid-span-context.ts';
import { isPlainBaggage } from './plain-baggage.ts';
import { stockBaggageHeader } from './stock-baggage.ts';
import { formatTraceparent } from './traceparent.ts';
import { isW3CBaggage } from './w3c-baggage.ts';

/** Sampled and random: the stock propagator writes other flags too. */
const knownFlags = 3;
/** Well below the limits of the stock propagator, which applies them to each member and to the header. */
const plainBaggageLimit = 2048;

/**
 * Alternating names and values, as the stock composite of W3C Trace Context and W3C Baggage writes them; undefined if it could
 * write something else than mqtrace: other flags, ids in capitals, a trace state.
 *
 * @internal
 */
export function stockHeaders(spanContext: SpanContext | undefined, baggage: Baggage | undefined): string[] | undefined {
  if (spanContext === undefined || !isValidSpanContext(spanContext)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const areKnown = traceFlags === (traceFlags & knownFlags);
  if (!areKnown || (traceState !== undefined && traceState !== null)) return undefined;
  const traceparent = formatTraceparent(spanContext);
  const isUnchanged = hasLowerCaseIds(spanContext) || traceparent === `00-${traceId}-${spanId}-0${traceFlags}`;
  if (!isUnchanged) return undefined;
  const header = baggage === undefined ? '' : baggageHeader(baggage);
  if (header === undefined) return undefined;
  return header === '' ? ['traceparent', traceparent] : ['traceparent', traceparent, 'baggage', header];
}

// Baggage is immutable, and an application often sends several messages with the same.
let lastBaggage: Baggage | undefined;
let lastHeader: string | undefined;

function baggageHeader(baggage: Baggage): string | undefined {
  const received = isW3CBaggage(baggage) ? baggage.receivedHeader : undefined;
  if (received !== undefined && received.length <= plainBaggageLimit && isPlainBaggage(received)) return received;
  if (baggage === lastBaggage) return lastHeader;
  const header = stockBaggageHeader(baggage);
  lastBaggage = baggage;
  lastHeader = header;
  return header;
}
