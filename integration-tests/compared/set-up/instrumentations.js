// Enables OpenTelemetry's own instrumentations, and bullmq-otel, with any version of its SDK.
import { inOwnSpan, openTelemetrySpans } from './open-telemetry-spans.js';

/**
 * What the questions need of them.
 *
 * @param requireTracer - `require` of the folder in which they are installed
 * @param api - the OpenTelemetry API that they use
 */
export function instrumentations({ requireTracer, api, exporter, provider, meterProvider, metricsOf }) {
  const { context, propagation, ROOT_CONTEXT } = api;
  const { KafkaJsInstrumentation } = requireTracer('@opentelemetry/instrumentation-kafkajs');
  const { AmqplibInstrumentation } = requireTracer('@opentelemetry/instrumentation-amqplib');
  const { IORedisInstrumentation } = requireTracer('@opentelemetry/instrumentation-ioredis');
  const { BullMQOtel } = requireTracer('bullmq-otel');

  function enable(Instrumentation) {
    const instrumentation = new Instrumentation({ requireParentSpan: false });
    instrumentation.setTracerProvider(provider);
    instrumentation.setMeterProvider(meterProvider);
    instrumentation.enable();
    return instrumentation;
  }
  const enabled = {
    kafkajs: enable(KafkaJsInstrumentation),
    amqplib: enable(AmqplibInstrumentation),
    ioredis: enable(IORedisInstrumentation),
  };

  function setHook(hook) {
    enabled.kafkajs.setConfig({ producerHook: hook });
    enabled.amqplib.setConfig({ publishHook: hook });
    enabled.ioredis.setConfig({ requestHook: hook, requireParentSpan: false });
  }

  const spans = openTelemetrySpans(exporter, api);
  return {
    ...spans,
    metricsOf,
    carry: {
      inject: (headers) => {
        propagation.inject(context.active(), headers);
        return headers;
      },
      run: (headers, fn) => inOwnSpan(propagation.extract(ROOT_CONTEXT, headers), fn, api),
    },
    bullmqTelemetry: () => new BullMQOtel('compared'),
    hook: (fn) => {
      const hook = (span, info) => fn((name, value) => span.setAttribute(name, value), info?.message ?? info);
      setHook(hook);
      return {};
    },
    linkConsumers: () => enabled.amqplib.setConfig({ useLinksForConsume: true }),
    restore() {
      spans.restore();
      setHook(undefined);
    },
  };
}
