// Handles the random-trace-id flag of W3C Trace Context Level 2, which the spans of OpenTelemetry's SDK do not keep.
import { type Context, createContextKey, type Span, trace } from '@opentelemetry/api';

/** The right-most 7 bytes of the trace id are random. The API does not define this flag yet. */
export const RANDOM_TRACE_ID_FLAG = 0x02;

/** The trace id that was received with the flag. The SDK's spans below it do not inherit the flag. */
const randomTraceId = createContextKey('mqtrace random trace id');

/** Marks this trace id as random in the context. @internal */
export function withRandomTraceId(context: Context, traceId: string): Context {
  return context.setValue(randomTraceId, traceId);
}

/** Whether this trace id was received with the flag. @internal */
export function isMarkedRandom(context: Context, traceId: string): boolean {
  return context.getValue(randomTraceId) === traceId;
}

/** Whether this trace id is known to be random: it was received with the flag, or the context's span has it. @internal */
export function isRandomTraceId(context: Context, traceId: string): boolean {
  if (isMarkedRandom(context, traceId)) return true;
  const parent = trace.getSpanContext(context);
  return parent?.traceId === traceId && (parent.traceFlags & RANDOM_TRACE_ID_FLAG) !== 0;
}

/**
 * Sets the flag on a span that has just started, if its trace id is random. The SDK creates one span context for each span, which
 * exporters and propagators read.
 *
 * @param randomRoots - whether the trace ids of this provider are random.
 * @internal
 */
export function setRandomFlag(span: Span, parentContext: Context, randomRoots: boolean): void {
  const spanContext = span.spanContext();
  const isRoot = trace.getSpanContext(parentContext)?.traceId !== spanContext.traceId;
  if (isRoot ? randomRoots : isRandomTraceId(parentContext, spanContext.traceId)) {
    spanContext.traceFlags |= RANDOM_TRACE_ID_FLAG;
  }
}
