// Sets up OpenTelemetry's own instrumentations, and bullmq-otel.
import { createRequire } from 'node:module';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { readMetrics } from './metrics.js';
import { inOwnSpan, openTelemetrySpans } from './open-telemetry-spans.js';

const require = createRequire(import.meta.url);
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const { meterProvider, metricsOf } = readMetrics([]);

const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs');
const { AmqplibInstrumentation } = require('@opentelemetry/instrumentation-amqplib');
const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
const { BullMQOtel } = require('bullmq-otel');
const classes = { kafkajs: KafkaJsInstrumentation, amqplib: AmqplibInstrumentation, ioredis: IORedisInstrumentation };

function enable(Instrumentation) {
  const instrumentation = new Instrumentation({ requireParentSpan: false });
  instrumentation.setTracerProvider(provider);
  instrumentation.setMeterProvider(meterProvider);
  instrumentation.enable();
  return instrumentation;
}
const enabled = Object.fromEntries(Object.entries(classes).map(([client, each]) => [client, enable(each)]));

function setHook(hook) {
  enabled.kafkajs.setConfig({ producerHook: hook });
  enabled.amqplib.setConfig({ publishHook: hook });
  enabled.ioredis.setConfig({ requestHook: hook, requireParentSpan: false });
}

const spans = openTelemetrySpans(exporter);
globalThis.compared = {
  ...spans,
  metricsOf,
  carry: {
    inject: (headers) => {
      propagation.inject(context.active(), headers);
      return headers;
    },
    run: (headers, fn) => inOwnSpan(propagation.extract(ROOT_CONTEXT, headers), fn),
  },
  bullmqTelemetry: () => new BullMQOtel('compared'),
  hook: (fn) => {
    const hook = (span, info) => fn((name, value) => span.setAttribute(name, value), info?.message ?? info);
    setHook(hook);
    return {};
  },
  restore() {
    spans.restore();
    setHook(undefined);
  },
};
