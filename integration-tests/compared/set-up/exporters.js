// Starts the export of tracers, with its defaults, to a receiver on this machine; gives the function that starts and ends a span.
import { createRequire } from 'node:module';
import { requireTracer } from './require-tracer.js';

const requireOwn = createRequire(import.meta.url);

function openTelemetry({ BatchSpanProcessor, OTLPTraceExporter, Provider, batchOptions }, { port }) {
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const provider = new Provider({ spanProcessors: [new BatchSpanProcessor(batchOptions(exporter))] });
  const tracer = provider.getTracer('delivery');
  return (name) => tracer.startSpan(name).end();
}

/** By the name of the tracer: the receiver that it needs, and what starts it. */
export const exporters = {
  mqtrace: {
    receiver: 'otlp',
    start({ port }) {
      const { startTracing } = requireOwn('mqtrace/sdk');
      const tracing = startTracing({ serviceName: 'compared', export: { endpoint: `http://127.0.0.1:${port}` } });
      return (name) => tracing.span(name, () => {});
    },
  },
  opentelemetry: {
    receiver: 'otlp',
    start(at) {
      const { BatchSpanProcessor, NodeTracerProvider: Provider } = requireOwn('@opentelemetry/sdk-trace-node');
      const { OTLPTraceExporter } = requireOwn('@opentelemetry/exporter-trace-otlp-proto');
      return openTelemetry({ BatchSpanProcessor, OTLPTraceExporter, Provider, batchOptions: (one) => one }, at);
    },
  },
  'opentelemetry-newest': {
    receiver: 'otlp',
    start(at) {
      const { BatchSpanProcessor, TracerProvider: Provider } = requireTracer('@opentelemetry/sdk-trace');
      const { OTLPTraceExporter } = requireTracer('@opentelemetry/exporter-trace-otlp-proto');
      const batchOptions = (exporter) => ({ exporter });
      return openTelemetry({ BatchSpanProcessor, OTLPTraceExporter, Provider, batchOptions }, at);
    },
  },
  sentry: {
    receiver: 'otlp',
    start({ port }) {
      const { init, startSpan } = requireTracer('@sentry/node');
      init({ dsn: `http://key@127.0.0.1:${port}/1`, tracesSampleRate: 1 });
      return (name) => startSpan({ name, forceTransaction: true }, () => {});
    },
  },
  datadog: {
    receiver: 'datadog',
    start({ port }) {
      process.env.DD_TRACE_AGENT_URL = `http://127.0.0.1:${port}`;
      const tracer = requireTracer('dd-trace').init({ startupLogs: false });
      return (name) => tracer.startSpan(name).finish();
    },
  },
};
