// Sets up Datadog's tracer with its plugins of the clients; its package is in the folder of COMPARED_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';

process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
process.env.DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED = 'true';
const tracer = createRequire(join(process.env.COMPARED_MODULES, 'any.js'))('dd-trace').init({
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
