// Sets up Sentry's SDK with its integrations of the clients; its package is in the folder of COMPARED_MODULES.
import { requireTracer } from './require-tracer.js';

const Sentry = requireTracer('@sentry/node');
Sentry.init({ dsn: 'http://key@127.0.0.1:9/1', tracesSampleRate: 1, propagateTraceparent: true });
const ended = [];
Sentry.getClient().on('spanEnd', (span) => ended.push(span));

const lastOf = (id) => id?.slice(-16);

globalThis.compared = {
  bullmqTelemetry: () => new Sentry.BullMQTelemetry(),
  inSpan: (fn) =>
    Sentry.startNewTrace(() =>
      Sentry.startSpan({ name: 'job', forceTransaction: true }, async (span) => {
        await fn();
        const { traceId, spanId } = span.spanContext();
        return { traceId: lastOf(traceId), spanId };
      }),
    ),
  untraced: (fn) => Sentry.suppressTracing(fn),
  activeTraceId: () => lastOf(Sentry.getActiveSpan()?.spanContext().traceId),
  activeSpan: () => {
    const span = Sentry.getActiveSpan();
    return (
      span && {
        spanId: span.spanContext().spanId,
        links: () =>
          (Sentry.spanToJSON(span).links ?? []).map((link) => ({
            context: { traceId: link.trace_id, spanId: link.span_id },
          })),
        isOpen: () => Sentry.spanToJSON(span).end_timestamp === undefined,
      }
    );
  },
  spansOf: (traceId) =>
    ended
      .map((span) => Sentry.spanToJSON(span))
      .filter(({ trace_id: id }) => lastOf(id) === traceId)
      .map(({ span_id: spanId, name, status, links = [], attributes }) => ({
        spanId,
        name: `${name} ${attributes['messaging.operation.name'] ?? attributes['sentry.op'] ?? ''}`,
        links: links.map((link) => ({ traceId: lastOf(link.trace_id), spanId: link.span_id })),
        isFailed: status === 'error',
        attributes,
      })),
};
