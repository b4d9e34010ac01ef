// What the tracers that use OpenTelemetry's API have in common: spans in memory, the active trace, baggage.
import * as ownApi from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

const lastOf = (id) => id?.slice(-16);

/** Runs `fn` in a span of the application, the child of the context `parent`. */
export async function inOwnSpan(parent, fn, { context, SpanKind, trace } = ownApi) {
  const span = trace.getTracer('test').startSpan('process', { kind: SpanKind.CONSUMER }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), fn);
  } finally {
    span.end();
  }
}

/**
 * @param exporter - an in-memory exporter that gets every span
 * @param api - the OpenTelemetry API of the tracer
 */
export function openTelemetrySpans(exporter, api = ownApi) {
  const { context, propagation, ROOT_CONTEXT, SpanStatusCode, TraceFlags, trace } = api;
  let propagator;
  const setPropagator = (one) => {
    propagation.disable();
    propagation.setGlobalPropagator(one);
  };
  return {
    /** Runs `fn` in a span that starts a trace, with baggage if asked for; returns the ids of both. */
    async inSpan(fn, { tenant } = {}) {
      const span = trace.getTracer('test').startSpan('job', {}, ROOT_CONTEXT);
      const baggage = propagation.createBaggage(tenant === undefined ? {} : { tenant: { value: tenant } });
      const active = trace.setSpan(ROOT_CONTEXT, span);
      await context.with(tenant === undefined ? active : propagation.setBaggage(active, baggage), fn);
      span.end();
      const { traceId, spanId } = span.spanContext();
      return { traceId: lastOf(traceId), spanId };
    },
    untraced: (fn) => context.with(suppressTracing(ROOT_CONTEXT), fn),
    unsampled: (fn) => {
      const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.NONE };
      return context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), fn);
    },
    activeTraceId: () => lastOf(trace.getActiveSpan()?.spanContext().traceId),
    activeSpan: () => {
      const span = trace.getActiveSpan();
      return (
        span && { spanId: span.spanContext().spanId, links: () => span.links ?? [], isOpen: () => span.isRecording() }
      );
    },
    tenant: () => propagation.getActiveBaggage()?.getEntry('tenant')?.value,
    spansOf: (traceId) =>
      exporter
        .getFinishedSpans()
        .filter((span) => lastOf(span.spanContext().traceId) === traceId)
        .map((span) => ({
          spanId: span.spanContext().spanId,
          name: span.name,
          links: span.links.map(({ context: { traceId: id, spanId } }) => ({ traceId: lastOf(id), spanId })),
          isFailed: span.status.code === SpanStatusCode.ERROR,
          attributes: span.attributes,
        })),
    /** Lets the propagator throw until `restore` is called. */
    breakPropagator() {
      propagator ??= propagation._getGlobalPropagator();
      const fail = () => {
        throw new Error('broken propagator');
      };
      setPropagator({ inject: fail, extract: fail, fields: () => ['traceparent'] });
    },
    restore() {
      if (propagator !== undefined) setPropagator(propagator);
    },
  };
}
