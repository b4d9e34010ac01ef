// Implements the propagator of W3C Trace Context and W3C Baggage.
import {
  type Context,
  propagation,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { effectiveValue, readValue } from '../../carriers/limits.ts';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { reportFault } from '../common/faults.ts';
import { RANDOM_TRACE_ID_FLAG } from '../common/random-trace-id.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { FieldContext } from './field-context.ts';
import { addOrigin, keptOrigin } from './pipeline-origin.ts';
import { limitTraceState, W3CTraceState } from './trace-state.ts';
import { parseTraceparent, traceparentIn } from './traceparent.ts';
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
      return read(context, carrier, getter);
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
    setter.set(carrier, 'traceparent', traceparentIn(context, spanContext));
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

function read(context: Context, carrier: unknown, getter: TextMapGetter<unknown>): Context {
  const spanContext = readTrace(carrier, getter);
  const baggage = readBaggage(carrier, getter);
  const isRandom = spanContext !== undefined && (spanContext.traceFlags & RANDOM_TRACE_ID_FLAG) !== 0;
  return FieldContext.extend(
    context,
    spanContext && trace.wrapSpanContext(spanContext),
    baggage,
    isRandom ? spanContext.traceId : undefined,
  );
}

function readTrace(carrier: unknown, getter: TextMapGetter<unknown>): SpanContext | undefined {
  const traceparent = readHeader(getter, carrier, 'traceparent');
  if (traceparent === undefined) return undefined;
  const spanContext = parseTraceparent(traceparent);
  if (spanContext === undefined) {
    countDroppedHeader('traceparent-invalid');
    return undefined;
  }
  markValid(spanContext, true);
  const traceState = readHeader(getter, carrier, 'tracestate');
  if (traceState !== undefined) spanContext.traceState = new W3CTraceState(traceState);
  return spanContext;
}

function readBaggage(carrier: unknown, getter: TextMapGetter<unknown>): W3CBaggage | undefined {
  const header = readHeader(getter, carrier, 'baggage');
  return header === undefined || header.trim() === '' ? undefined : W3CBaggage.fromHeader(header);
}

/**
 * The getter may not be a carrier of mqtrace, which applies limits and handles repetitions: both are repeated here, without cost
 * for these carriers.
 */
function readHeader(getter: TextMapGetter<unknown>, carrier: unknown, name: string): string | undefined {
  const value: unknown = getter.get(carrier, name);
  return Array.isArray(value) ? effectiveValue(name, value) : readValue(name, value);
}
