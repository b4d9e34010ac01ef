// Sets up mqtrace on OpenTelemetry's SDK.
import { createRequire } from 'node:module';
import { extract, inject } from 'mqtrace';
import { traceConnectionManager } from 'mqtrace/amqp-connection-manager';
import { traceConnection } from 'mqtrace/amqplib';
import { bullmqTelemetry, traceWorker } from 'mqtrace/bullmq';
import { amqpHeaders } from 'mqtrace/carriers';
import { consumeStream, processMessage as processEntry, traceRedis } from 'mqtrace/ioredis';
import { processMessage as processKafka, traceKafka } from 'mqtrace/kafkajs';
import { mqtraceMetrics } from 'mqtrace/metrics';
import { traceRabbitClient } from 'mqtrace/rabbitmq-client';
import { traceRascal } from 'mqtrace/rascal';
import { clients } from '../clients/index.js';
import { readMetrics } from './metrics.js';
import { inOwnSpan, openTelemetrySpans } from './open-telemetry-spans.js';

const require = createRequire(import.meta.url);
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const { metricsOf } = readMetrics([mqtraceMetrics()]);

/** Copies of the modules that nothing has traced yet: other options apply to other copies. */
function loadRascalAgain() {
  for (const file of Object.keys(require.cache)) {
    if (/node_modules\/(rascal|amqplib)\//.test(file)) delete require.cache[file];
  }
  return clients.rascal.load(require);
}

/** Traces the modules of rascal, or with options copies of them; returns rascal's. */
function tracedRascal(given, options) {
  const { rascal, ...modules } = options === undefined ? given : loadRascalAgain();
  traceRascal(modules, options);
  return rascal;
}

globalThis.compared = {
  ...openTelemetrySpans(exporter),
  metricsOf,
  wrap: {
    kafkajs: traceKafka,
    amqplib: traceConnection,
    ioredis: traceRedis,
    'amqp-connection-manager': traceConnectionManager,
    'rabbitmq-client': traceRabbitClient,
    rascal: tracedRascal,
  },
  rascal: tracedRascal,
  carry: {
    inject: (headers) => inject(amqpHeaders, headers),
    run: (headers, fn) => inOwnSpan(extract(amqpHeaders, headers), fn),
  },
  bullmqTelemetry,
  consumeStream,
  wrapWorker: traceWorker,
  process: { kafkajs: processKafka, ioredis: processEntry },
  /** Options of a wrapper with a hook for sent messages. */
  hook: (fn) => ({ onSend: (span, message) => fn((name, value) => span.setAttribute(name, value), message) }),
  /** Wraps once more. */
  again: (client, made) => globalThis.compared.wrap[client](made),
};
