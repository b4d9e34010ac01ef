// Reads the sampled flag of a span context.
import { type SpanContext, TraceFlags } from '@opentelemetry/api';

/** Whether a span context has the sampled flag. @internal */
export function isSampled({ traceFlags }: Pick<SpanContext, 'traceFlags'>): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}
