// Sets up Datadog's tracer with its plugins of the clients and Data Streams Monitoring; its package is in the folder of COMPARED_MODULES.
import { startReceiver, untilQuiet } from './receiver.js';
import { requireTracer } from './require-tracer.js';

// Data Streams Monitoring is off by default. Its statistics are the edges of pipelines.
const { port, spans: edges } = await startReceiver('datadog');
process.env.DD_DATA_STREAMS_ENABLED = 'true';
process.env.DD_TRACE_AGENT_URL = `http://127.0.0.1:${port}`;
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
process.env.DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED = 'true';
const tracer = requireTracer('dd-trace').init({
  startupLogs: false,
  flushInterval: 0,
  // Writes traces as lines of JSON to the standard output.
  experimental: { exporter: 'log' },
});

const spans = [];
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text, ...rest) => {
  if (!String(text).startsWith('{"traces":')) return write(text, ...rest);
  for (const line of String(text).trim().split('\n')) spans.push(...JSON.parse(line).traces.flat());
  return true;
};
const lastOf = (id) => String(id).slice(-16).padStart(16, '0');

globalThis.compared = {
  async inSpan(fn, { tenant } = {}) {
    const span = tracer.startSpan('job');
    if (tenant !== undefined) span.setBaggageItem('tenant', tenant);
    await tracer.scope().activate(span, fn);
    span.finish();
    return { traceId: lastOf(span.context().toTraceId(true)), spanId: lastOf(span.context().toSpanId(true)) };
  },
  unsampled(fn) {
    const span = tracer.startSpan('dropped', { tags: { 'manual.drop': true } });
    return tracer.scope().activate(span, fn);
  },
  /** Its statistics by destination: how many were sent, and those of latencies, which are counted here only. */
  async metricsOf(pattern) {
    await untilQuiet(edges, 300);
    const values = {};
    for (const tags of edges) {
      const topic = tags.find((tag) => tag.startsWith('topic:'))?.slice('topic:'.length);
      if (!tags.includes('direction:in')) {
        if (pattern.test('sent')) values[topic] = (values[topic] ?? 0) + 1;
      } else if (pattern.test('edge.latency') || pattern.test('pipeline.latency')) {
        values[topic] = { count: 1 };
      }
    }
    return values;
  },
  // Its back end computes the lag, from offsets.
  hasLag: false,
  untraced: (fn) => tracer.scope().activate(null, fn),
  activeTraceId: () => {
    const span = tracer.scope().active();
    return span && lastOf(span.context().toTraceId(true));
  },
  activeSpan: () => {
    const span = tracer.scope().active();
    return (
      span && {
        spanId: lastOf(span.context().toSpanId(true)),
        links: () => [],
        isOpen: () => span._duration === undefined,
      }
    );
  },
  tenant: () => tracer.scope().active()?.getBaggageItem('tenant'),
  spansOf: (traceId) =>
    spans
      .filter((span) => lastOf(span.trace_id) === traceId)
      .map((span) => ({
        spanId: lastOf(span.span_id),
        name: `${span.name} ${span.resource}`,
        links: JSON.parse(span.meta['_dd.span_links'] ?? '[]').map((link) => ({
          traceId: lastOf(link.trace_id),
          spanId: lastOf(link.span_id),
        })),
        isFailed: span.error === 1,
        attributes: span.meta,
      })),
};
