// Sets up Sentry's SDK with its integrations of the clients; its package is in the folder of COMPARED_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { openTelemetrySpans } from './open-telemetry-spans.js';

const require = createRequire(import.meta.url);
const requireInstalled = createRequire(join(process.env.COMPARED_MODULES, 'any.js'));
const Sentry = requireInstalled('@sentry/node');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  propagateTraceparent: true,
  openTelemetrySpanProcessors: [new SimpleSpanProcessor(exporter)],
});

globalThis.compared = {
  ...openTelemetrySpans(exporter),
  // Sentry's integration traces amqplib before 2.0 only.
  modules: { amqplib: requireInstalled('amqplib') },
};
