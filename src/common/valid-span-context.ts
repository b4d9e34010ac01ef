// Checks span contexts, with a cache for repeated ids.
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

// For one message the same span context is checked up to four times, and reading its 48 characters is most of the cost of an
// unsampled message.
let last: SpanContext | undefined;
let lastTraceId = '';
let lastSpanId = '';

/** Like OpenTelemetry's `isSpanContextValid`, which it calls once for consecutive equal ids. @internal */
export function isValidSpanContext(spanContext: SpanContext): boolean {
  if (spanContext === last && spanContext.traceId === lastTraceId && spanContext.spanId === lastSpanId) return true;
  if (!isSpanContextValid(spanContext)) return false;
  noteValid(spanContext);
  return true;
}

/** Records a span context whose ids have been validated while parsing. @internal */
export function noteValid(spanContext: SpanContext): void {
  last = spanContext;
  lastTraceId = spanContext.traceId;
  lastSpanId = spanContext.spanId;
}
