// Implements the propagator of W3C Trace Context and W3C Baggage.
import {
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { effectiveValue, readValue } from '../../carriers/limits.ts';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { reportFault } from '../common/faults.ts';
import { isRandomTraceId, RANDOM_TRACE_ID_FLAG, withRandomTraceId } from '../common/random-trace-id.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { addOrigin, keptOrigin } from './pipeline-origin.ts';
import { limitTraceState, W3CTraceState } from './trace-state.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';
import { isValidSpanContext, markValid } from '../common/valid-span-context.ts';
import { baggageHeader, W3CBaggage } from './w3c-baggage.ts';

const fields = ['traceparent', 'tracestate', 'baggage'];
/** Any code may have created the trace state; a line break in it would make Node's HTTP client throw. */
const printable = /^[\x20-\x7e]*$/;

/**
 * W3C Trace Context (Level 2) and W3C Baggage in one propagator.
 *
 * It never throws. Sizes are limited before parsing; unchanged baggage is propagated byte for byte; the random-trace-id flag is
 * kept despite the SDK's spans; unknown flags are zero on output. With tracing suppressed it injects nothing.
 */
export const mqtracePropagator: TextMapPropagator<unknown> = {
  inject(context: Context, carrier: unknown, setter: TextMapSetter<unknown>): void {
    try {
      if (!isTracingSuppressed(context)) write(context, carrier, setter);
    } catch (error) {
      reportFault('writing trace headers', error);
    }
  },

  extract(context: Context, carrier: unknown, getter: TextMapGetter<unknown>): Context {
    try {
      return readBaggage(readTrace(context, carrier, getter), carrier, getter);
    } catch (error) {
      reportFault('reading trace headers', error);
      return context;
    }
  },

  fields(): string[] {
    return [...fields];
  },
};

function write(context: Context, carrier: unknown, setter: TextMapSetter<unknown>): void {
  const spanContext = trace.getSpanContext(context);
  if (spanContext !== undefined && isValidSpanContext(spanContext)) {
    const random = isRandomTraceId(context, spanContext.traceId) ? RANDOM_TRACE_ID_FLAG : 0;
    setter.set(carrier, 'traceparent', formatTraceparent(spanContext, spanContext.traceFlags | random));
    const origin = keptOrigin(context);
    const state =
      origin === undefined
        ? spanContext.traceState
        : (addOrigin(spanContext.traceState, origin) ?? spanContext.traceState);
    const traceState = state === undefined ? '' : limitTraceState(state.serialize());
    if (traceState !== '' && printable.test(traceState)) setter.set(carrier, 'tracestate', traceState);
  }
  const baggage = propagation.getBaggage(context);
  const header = baggage === undefined ? '' : baggageHeader(baggage);
  if (header !== '') setter.set(carrier, 'baggage', header);
}

function readTrace(context: Context, carrier: unknown, getter: TextMapGetter<unknown>): Context {
  const traceparent = read(getter, carrier, 'traceparent');
  if (traceparent === undefined) return context;
  const spanContext = parseTraceparent(traceparent);
  if (spanContext === undefined) {
    countDroppedHeader('traceparent-invalid');
    return context;
  }
  markValid(spanContext);
  const traceState = read(getter, carrier, 'tracestate');
  if (traceState !== undefined) spanContext.traceState = new W3CTraceState(traceState);
  const extracted = trace.setSpanContext(context, spanContext);
  return spanContext.traceFlags & RANDOM_TRACE_ID_FLAG ? withRandomTraceId(extracted, spanContext.traceId) : extracted;
}

function readBaggage(context: Context, carrier: unknown, getter: TextMapGetter<unknown>): Context {
  const header = read(getter, carrier, 'baggage');
  if (header === undefined || header.trim() === '') return context;
  return propagation.setBaggage(context, W3CBaggage.fromHeader(header));
}

/**
 * The getter may not be a carrier of mqtrace, which applies limits and handles repetitions: both are repeated here, without cost
 * for these carriers.
 */
function read(getter: TextMapGetter<unknown>, carrier: unknown, name: string): string | undefined {
  const value: unknown = getter.get(carrier, name);
  return Array.isArray(value) ? effectiveValue(name, value) : readValue(name, value);
}
