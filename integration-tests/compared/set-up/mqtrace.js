// Sets up mqtrace on OpenTelemetry's SDK.
import { createRequire } from 'node:module';
import { traceConnection } from 'mqtrace/amqplib';
import { bullmqTelemetry, traceWorker } from 'mqtrace/bullmq';
import { processMessage as processEntry, traceRedis } from 'mqtrace/ioredis';
import { processMessage as processKafka, traceKafka } from 'mqtrace/kafkajs';
import { mqtraceMetrics } from 'mqtrace/metrics';
import { readMetrics } from './metrics.js';
import { openTelemetrySpans } from './open-telemetry-spans.js';

const require = createRequire(import.meta.url);
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const { metricsOf } = readMetrics([mqtraceMetrics()]);

globalThis.compared = {
  ...openTelemetrySpans(exporter),
  metricsOf,
  wrap: { kafkajs: traceKafka, amqplib: traceConnection, ioredis: traceRedis },
  bullmqTelemetry,
  wrapWorker: traceWorker,
  process: { kafkajs: processKafka, ioredis: processEntry },
  /** Options of a wrapper with a hook for sent messages. */
  hook: (fn) => ({ onSend: (span, message) => fn((name, value) => span.setAttribute(name, value), message) }),
  /** Wraps once more. */
  again: (client, made) => globalThis.compared.wrap[client](made),
};
