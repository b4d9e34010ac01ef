// Spans that the application creates with OpenTelemetry's API, without a client.
import { SpanKind, trace } from '@opentelemetry/api';

const options = { kind: SpanKind.INTERNAL, attributes: { 'order.id': 7, 'order.kind': 'paper', tenant: 'a' } };

/** The cost of a span; without a tracer, only the loop. */
function start(tools) {
  const tracer = trace.getTracer('bench');
  return tools.tracer === 'raw' ? () => undefined : () => tracer.startSpan('work', options);
}

export const families = {
  'span start'(tools) {
    const startSpan = start(tools);
    return () => ({
      sends: true,
      prepare: (count) => Array.from({ length: count }),
      run(spans) {
        for (let at = 0; at < spans.length; at++) spans[at] = startSpan();
      },
      /** The part that is not measured. */
      finish(spans) {
        for (const span of spans) span?.end();
      },
    });
  },

  'span start and end'(tools) {
    const startSpan = start(tools);
    return () => ({
      sends: true,
      prepare: (count) => count,
      run(count) {
        for (let at = 0; at < count; at++) startSpan()?.end();
      },
    });
  },
};
