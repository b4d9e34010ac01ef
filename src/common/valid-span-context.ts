// Checks span contexts, with a cache for repeated ids.
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

// For one message the same span context is checked up to four times, and reading its 48 characters is most of the cost of an
// unsampled message.
let last: SpanContext | undefined;
let lastTraceId = '';
let lastSpanId = '';
// A send of many messages checks the parent and each new span alternately.
let previous: SpanContext | undefined;
let previousTraceId = '';
let previousSpanId = '';

/** Like OpenTelemetry's `isSpanContextValid`, which it calls once for the same ids as one of the last two times. @internal */
export function isValidSpanContext(spanContext: SpanContext): boolean {
  const { traceId, spanId } = spanContext;
  if (spanContext === last && traceId === lastTraceId && spanId === lastSpanId) return true;
  if (spanContext === previous && traceId === previousTraceId && spanId === previousSpanId) {
    markValid(spanContext);
    return true;
  }
  if (!isSpanContextValid(spanContext)) return false;
  markValid(spanContext);
  return true;
}

/** Records a span context whose ids have been validated while parsing. @internal */
export function markValid(spanContext: SpanContext): void {
  previous = last;
  previousTraceId = lastTraceId;
  previousSpanId = lastSpanId;
  last = spanContext;
  lastTraceId = spanContext.traceId;
  lastSpanId = spanContext.spanId;
}
