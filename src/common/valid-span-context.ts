// Checks span contexts, with a cache for repeated ids.
import type { SpanContext } from '@opentelemetry/api';

// For one message the same span context is checked up to four times, and reading its 48 characters is most of the cost of an
// unsampled message.
let last: SpanContext | undefined;
let lastTraceId = '';
let lastSpanId = '';
/** Whether both ids are known to have no capitals. */
let lastIsLower = false;
// A send of many messages checks the parent and each new span alternately.
let previous: SpanContext | undefined;
let previousTraceId = '';
let previousSpanId = '';
let previousIsLower = false;

const digit = 1;
const zero = 2;
const capital = 4;
const other = 8;
/** The kind of each character; the kinds of a string are combined, so that its characters are read once. */
const kinds = new Uint8Array(128).fill(other);
for (const each of '123456789abcdef') kinds[each.charCodeAt(0)] = digit;
for (const each of 'ABCDEF') kinds[each.charCodeAt(0)] = capital;
kinds['0'.charCodeAt(0)] = zero;

/** The combined kinds of the characters of an id; `other` if it has another length, which is a multiple of 4. */
function kindsOf(id: string, length: number): number {
  if (typeof id !== 'string' || id.length !== length) return other;
  let all = 0;
  for (let at = 0; at < length; at += 4) {
    const first = id.charCodeAt(at);
    const second = id.charCodeAt(at + 1);
    const third = id.charCodeAt(at + 2);
    const fourth = id.charCodeAt(at + 3);
    if ((first | second | third | fourth) > 127) return other;
    all |= kinds[first]! | kinds[second]! | kinds[third]! | kinds[fourth]!;
  }
  return all;
}

/** Like OpenTelemetry's `isSpanContextValid`, once for the same ids as one of the last two times. @internal */
export function isValidSpanContext(spanContext: SpanContext): boolean {
  const { traceId, spanId } = spanContext;
  if (spanContext === last && traceId === lastTraceId && spanId === lastSpanId) return true;
  if (spanContext === previous && traceId === previousTraceId && spanId === previousSpanId) {
    markValid(spanContext, previousIsLower);
    return true;
  }
  const ofTrace = kindsOf(traceId, 32);
  if ((ofTrace & other) !== 0 || ofTrace === zero) return false;
  const ofSpan = kindsOf(spanId, 16);
  if ((ofSpan & other) !== 0 || ofSpan === zero) return false;
  markValid(spanContext, ((ofTrace | ofSpan) & capital) === 0);
  return true;
}

/** Whether the ids of a span context that has just been checked are known to have no capitals. @internal */
export function hasLowerCaseIds(spanContext: SpanContext): boolean {
  return (
    lastIsLower && spanContext === last && spanContext.traceId === lastTraceId && spanContext.spanId === lastSpanId
  );
}

/**
 * Records a span context whose ids have been validated while parsing.
 *
 * @param isLower - whether they are known to have no capitals.
 * @internal
 */
export function markValid(spanContext: SpanContext, isLower: boolean): void {
  previous = last;
  previousTraceId = lastTraceId;
  previousSpanId = lastSpanId;
  previousIsLower = lastIsLower;
  last = spanContext;
  lastTraceId = spanContext.traceId;
  lastSpanId = spanContext.spanId;
  lastIsLower = isLower;
}
