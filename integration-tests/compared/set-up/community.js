// Sets up instrumentations that others have published for OpenTelemetry; the packages are in the folder of COMPARED_MODULES.
import { createRequire } from 'node:module';
import { openTelemetrySpans } from './open-telemetry-spans.js';
import { requireTracer } from './require-tracer.js';

const require = createRequire(import.meta.url);
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();

const { KafkaJsInstrumentation } = requireTracer('opentelemetry-instrumentation-kafkajs');
const { AmqplibInstrumentation } = requireTracer('opentelemetry-instrumentation-amqplib');
const { BullMQInstrumentation } = requireTracer('@appsignal/opentelemetry-instrumentation-bullmq');
const [kafkajs, amqplib] = [KafkaJsInstrumentation, AmqplibInstrumentation, BullMQInstrumentation].map(
  (Instrumentation) => {
    const instrumentation = new Instrumentation();
    instrumentation.setTracerProvider(provider);
    instrumentation.enable();
    return instrumentation;
  },
);

function setHook(hook) {
  kafkajs.setConfig({ producerHook: hook });
  amqplib.setConfig({ publishHook: hook });
}

const spans = openTelemetrySpans(exporter);
globalThis.compared = {
  ...spans,
  /** There are none of the other clients. */
  asked: ['kafkajs', 'amqplib', 'bullmq', 'amqp-connection-manager', 'rascal'],
  // The instrumentation of BullMQ knows versions before 6.
  modules: { bullmq: requireTracer('bullmq') },
  hook: (fn) => {
    setHook((span, ...info) =>
      fn((name, value) => span.setAttribute(name, value), info.at(-1)?.message ?? info.at(-1)),
    );
    return {};
  },
  restore() {
    spans.restore();
    setHook(undefined);
  },
};
