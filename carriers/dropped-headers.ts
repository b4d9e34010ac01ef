// Counts the header content that was dropped, by reason.
import { processState } from '../src/common/process-state.ts';

/**
 * Why header content was dropped: not read, not kept or not sent.
 *
 * - `header-too-long`: a header over its byte limit was not read.
 * - `list-cut`: a `tracestate` or `baggage` over its byte limit was cut after the last whole member that fits.
 * - `too-many-repeats`: of a header repeated more than 64 times the rest was not read.
 * - `traceparent-invalid`: a `traceparent` that W3C Trace Context does not allow; the message starts a new trace.
 * - `tracestate-invalid`: a `tracestate` that W3C Trace Context does not allow, dropped whole.
 * - `tracestate-key-repeated`: a member of a `tracestate` whose key an earlier member has.
 * - `baggage-member-invalid`: a member of a received `baggage` that W3C Baggage does not allow, left out when read.
 * - `baggage-key-invalid`, `baggage-value-invalid`, `baggage-metadata-invalid`: an entry or its metadata that cannot be sent.
 * - `baggage-over-limit`: a member beyond 64 members or 8192 bytes, left out.
 * - `policy-denied`, `policy-budget`: an entry left out by a baggage policy.
 * - `header-invalid`: a header that the format cannot hold, as a name that HTTP does not allow, or headers that throw when read.
 * - `amqp-table-full`: trace headers shortened or omitted, because the AMQP header table is full.
 * - `sampled-flag-ignored`: a remote sampled flag that the trust settings do not follow.
 * - `trace-too-large`: a message of a trace id that had its share already; it starts a new trace, linked.
 * - `context-ignored`: a message whose context the trust settings ignore.
 */
export const droppedHeaderReasons = [
  'header-too-long',
  'list-cut',
  'too-many-repeats',
  'traceparent-invalid',
  'tracestate-invalid',
  'tracestate-key-repeated',
  'baggage-member-invalid',
  'baggage-key-invalid',
  'baggage-value-invalid',
  'baggage-metadata-invalid',
  'baggage-over-limit',
  'policy-denied',
  'policy-budget',
  'header-invalid',
  'amqp-table-full',
  'sampled-flag-ignored',
  'trace-too-large',
  'context-ignored',
] as const;

/** One of {@link droppedHeaderReasons}. */
export type DroppedHeaderReason = (typeof droppedHeaderReasons)[number];

/** One count for all copies of this package in the process, of which another may not know every reason. */
const counts: Partial<Record<DroppedHeaderReason, number>> = processState('dropped-headers', 1, () => ({}));

let counting = true;

/** @internal */
export function countDroppedHeader(reason: DroppedHeaderReason, by = 1): void {
  if (counting) counts[reason] = (counts[reason] ?? 0) + by;
}

/**
 * Runs `fn`, which is synchronous, without counting: it only looks at headers, or handles again what is counted elsewhere. @internal
 */
export function withoutCounting<T>(fn: () => T): T {
  const before = counting;
  counting = false;
  try {
    return fn();
  } finally {
    counting = before;
  }
}

/**
 * How often header content was dropped since the process started, by reason. Each entry or header of a message counts once, however
 * often it is looked at; `explain()` counts nothing. Names and values are never kept or logged.
 */
export function droppedHeaders(): Readonly<Record<DroppedHeaderReason, number>> {
  return Object.fromEntries(droppedHeaderReasons.map((reason) => [reason, counts[reason] ?? 0])) as Record<
    DroppedHeaderReason,
    number
  >;
}
