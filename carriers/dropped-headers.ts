// Counts the header content that was dropped, by reason.
import { processState } from '../src/common/process-state.ts';

/**
 * Why header content was dropped: not read, not kept or not sent.
 *
 * - `header-too-long`: a header over its byte limit was not read.
 * - `list-cut`: a `tracestate` or `baggage` over its byte limit was cut after the last whole member that fits.
 * - `too-many-repeats`: repetitions of a header after the 64th were not read.
 * - `traceparent-invalid`: a `traceparent` that is invalid by W3C Trace Context; the message starts a new trace.
 * - `tracestate-invalid`: a `tracestate` that is invalid by W3C Trace Context was dropped as a whole.
 * - `tracestate-key-repeated`: a member of a `tracestate` repeated the key of an earlier member.
 * - `baggage-member-invalid`: a member of a received `baggage` that is invalid by W3C Baggage was skipped.
 * - `baggage-key-invalid`, `baggage-value-invalid`, `baggage-metadata-invalid`: an entry or its metadata cannot be sent.
 * - `baggage-over-limit`: a member over the limit of 64 members or 8192 bytes was omitted.
 * - `policy-denied`, `policy-budget`: an entry was omitted by a baggage policy.
 * - `header-invalid`: a header cannot be represented in the format, such as a name that HTTP does not allow, or reading the headers
 *   throws.
 * - `amqp-table-full`: trace headers were shortened or omitted, because the AMQP header table is full.
 * - `sampled-flag-ignored`: a remote sampled flag was not followed, by the trust settings.
 * - `trace-too-large`: the limit of messages per trace id was reached; the message starts a new trace with a link.
 * - `context-ignored`: the context of a message was ignored, by the trust settings.
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

/** One count for all copies of this package in the process. Another version may not know every reason. */
const counts: Partial<Record<DroppedHeaderReason, number>> = processState('dropped-headers', 1, () => ({}));

let counting = true;

/** @internal */
export function countDroppedHeader(reason: DroppedHeaderReason, by = 1): void {
  if (counting) counts[reason] = (counts[reason] ?? 0) + by;
}

/**
 * Runs the synchronous `fn` without counting, if it only inspects headers, or handles headers that are counted elsewhere. @internal
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
 * How often header content was dropped since the process started, by reason. Each entry or header of a message counts once, no
 * matter how often it is read; `explain()` counts nothing. Names and values are neither stored nor logged.
 */
export function droppedHeaders(): Readonly<Record<DroppedHeaderReason, number>> {
  return Object.fromEntries(droppedHeaderReasons.map((reason) => [reason, counts[reason] ?? 0])) as Record<
    DroppedHeaderReason,
    number
  >;
}
