import {
  type Context,
  createContextKey,
  isSpanContextValid,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { foldValues, readValue } from '../../carriers/limits.ts';
import { isTracingSuppressed } from './suppression.ts';
import { limitTraceState, W3CTraceState } from './trace-state.ts';
import { formatTraceparent, parseTraceparent, RANDOM_TRACE_ID_FLAG } from './traceparent.ts';
import { baggageHeader, W3CBaggage } from './w3c-baggage.ts';

/** Remembers the trace id that came with the random flag, because the SDK's spans lose the flag on the way through. */
const randomTraceId = createContextKey('mqtrace random trace id');

const fields = ['traceparent', 'tracestate', 'baggage'];

/**
 * W3C Trace Context (Level 2) and W3C Baggage in one propagator.
 *
 * It never throws. Sizes are limited before anything is parsed; baggage that nobody reads or changes is passed on byte for byte;
 * the random-trace-id flag survives the SDK's spans; flags that are not known are zero on output. With tracing suppressed it
 * injects nothing.
 */
export const mqtracePropagator: TextMapPropagator<unknown> = {
  inject(context: Context, carrier: unknown, setter: TextMapSetter<unknown>): void {
    if (isTracingSuppressed(context)) return;
    const spanContext = trace.getSpanContext(context);
    if (spanContext !== undefined && isSpanContextValid(spanContext)) {
      const random = context.getValue(randomTraceId) === spanContext.traceId ? RANDOM_TRACE_ID_FLAG : 0;
      setter.set(carrier, 'traceparent', formatTraceparent(spanContext, spanContext.traceFlags | random));
      const traceState =
        spanContext.traceState === undefined ? '' : limitTraceState(spanContext.traceState.serialize());
      if (traceState !== '') setter.set(carrier, 'tracestate', traceState);
    }
    const baggage = propagation.getBaggage(context);
    const header = baggage === undefined ? '' : baggageHeader(baggage);
    if (header !== '') setter.set(carrier, 'baggage', header);
  },

  extract(context: Context, carrier: unknown, getter: TextMapGetter<unknown>): Context {
    let extracted = context;
    const traceparent = read(getter, carrier, 'traceparent');
    const spanContext = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    if (spanContext !== undefined) {
      const traceState = read(getter, carrier, 'tracestate');
      if (traceState !== undefined) spanContext.traceState = new W3CTraceState(traceState);
      extracted = trace.setSpanContext(extracted, spanContext);
      if (spanContext.traceFlags & RANDOM_TRACE_ID_FLAG)
        extracted = extracted.setValue(randomTraceId, spanContext.traceId);
    }
    const header = read(getter, carrier, 'baggage');
    if (header === undefined || header.trim() === '') return extracted;
    return propagation.setBaggage(extracted, W3CBaggage.fromHeader(header));
  },

  fields(): string[] {
    return [...fields];
  },
};

/** Any getter may be given, not only a carrier of ours: repeats and sizes are settled here once more, at no cost for ours. */
function read(getter: TextMapGetter<unknown>, carrier: unknown, name: string): string | undefined {
  const value: unknown = getter.get(carrier, name);
  if (!Array.isArray(value)) return readValue(name, value);
  return foldValues(
    name,
    value.map((item) => readValue(name, item)).filter((item) => item !== undefined),
  );
}
