// Checks span contexts, with a cache for repeated ids.
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

// One message asks this of one span context up to four times, and looking at 48 characters is most of what an unsampled one costs.
let last: SpanContext | undefined;
let lastTraceId = '';
let lastSpanId = '';

/** As OpenTelemetry's `isSpanContextValid`, which it asks only once for the same ids in a row. @internal */
export function isValidSpanContext(spanContext: SpanContext): boolean {
  if (spanContext === last && spanContext.traceId === lastTraceId && spanContext.spanId === lastSpanId) return true;
  if (!isSpanContextValid(spanContext)) return false;
  noteValid(spanContext);
  return true;
}

/** Tells of a span context whose ids were checked where they came from. @internal */
export function noteValid(spanContext: SpanContext): void {
  last = spanContext;
  lastTraceId = spanContext.traceId;
  lastSpanId = spanContext.spanId;
}
