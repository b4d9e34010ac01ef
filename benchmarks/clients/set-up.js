// Sets up one variant in this process: the tracer and the sampling rate. Plain JavaScript on the built package, because
// a TypeScript loader would be measured as well.
//
// A variant is TRACER[+FEATURE]-PERCENT, such as mqtrace-0, mqtrace+metrics-0 or own+processor-100; raw, context and
// context+each have no percent.
import { createRequire } from 'node:module';
import { context, defaultTextMapGetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { featureHeaders, featureOptions } from './options.js';

const require = createRequire(import.meta.url);
const traceIds = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';

const features = new Set(['each', 'metrics', 'processor', 'light', ...Object.keys(featureOptions)]);

/** @param {string} variant @returns {{ tracer: string, feature: string | undefined, percent: number }} */
function parse(variant) {
  const found = /^(raw|context|auto|mqtrace|own|register)(?:\+([a-z]+))?(?:-(\d+))?$/.exec(variant);
  if (found === null || !(found[2] === undefined || features.has(found[2]))) {
    throw new Error(`expected TRACER[+FEATURE]-PERCENT with a feature of ${[...features].join(', ')}, got ${variant}`);
  }
  return { tracer: found[1], feature: found[2], percent: Number(found[3] ?? 0) };
}

/** The context of each message: trace context, and baggage with a number of entries. */
export function textsOf(sampled, entries) {
  // With the random flag, as a Level 2 sender sets it.
  const traceparent = `00-${traceIds}-${sampled ? '03' : '02'}`;
  const baggage = Array.from({ length: entries }, (_, at) => `key${at}=value-${at}`).join(',');
  return decoded(baggage === '' ? { traceparent } : { traceparent, baggage });
}

/** The same headers with new strings, as a client decodes them for each message. V8 reads concatenated ones slowly. */
export function decoded(texts) {
  const headers = {};
  for (const [name, value] of Object.entries(texts)) headers[name] = Buffer.from(value).toString();
  return headers;
}

/**
 * @param {string} variant
 * @param {string} sink - base URL of an OTLP receiver
 */
export function setUp(variant, sink) {
  const { tracer, feature, percent } = parse(variant);
  const traced = tracer === 'mqtrace' || tracer === 'own' || tracer === 'register';
  const pipeline = pipelines[tracer](percent, sink, feature);
  const options = featureOptions[feature] ?? {};
  return {
    variant,
    tracer,
    percent,
    traced,
    /** Whether the application itself writes the headers, as with "context only". */
    writesHeaders: tracer === 'context',
    /** Headers of the application that each message has besides; undefined: none. */
    ownHeaders: featureHeaders[feature],
    /** The headers that the application gives to a send in this context; undefined: none. */
    sentHeaders: (texts) => (tracer === 'context' ? texts : featureHeaders[feature]),
    /** The client, wrapped by this variant. */
    wrap: (client, trace) => (traced && tracer !== 'register' ? trace(client, options) : client),
    /** Must be called before the client is loaded, so that the auto-instrumentation patches it. */
    instrument: (name) => void (tracer === 'auto' && instrumentationOf(name)),
    /** Patches a module with the auto-instrumentation if the variant uses it. */
    patch: (name, module, file) => (tracer === 'auto' ? patchWith(name, module, file) : module),
    /** The context in which an application sends, with the context of a message. */
    parent: (texts) =>
      tracer === 'raw'
        ? ROOT_CONTEXT
        : (tracer === 'context' ? stockPropagator() : propagation).extract(ROOT_CONTEXT, texts, defaultTextMapGetter),
    /** The handler of an application. With "context+each" it runs in a context of its own for each message, made before. */
    handler(fn) {
      if (feature !== 'each') return fn;
      const contexts = this.newContexts(textsOf(false, 0), 1000);
      let next = 0;
      return (argument) => context.with(contexts[next++ % contexts.length], fn, undefined, argument);
    },
    /**
     * The contexts of a number of messages, each in a trace of its own, as in requests of an application. They are activated one by
     * one with `within`, also by the raw client, so that the table shows what activating them costs.
     */
    newContexts(texts, count) {
      return Array.from({ length: count }, () =>
        this.parent(decoded({ ...texts, traceparent: newTrace(texts.traceparent) })),
      );
    },
    within: (parent, fn) => (tracer === 'raw' ? fn() : context.with(parent, fn)),
    ...pipeline,
  };
}

let traces = 0;
/** The same flags in another trace. */
function newTrace(traceparent) {
  const id = (++traces).toString(16).padStart(8, '0');
  return `${traceparent.slice(0, 3)}${id}${traceparent.slice(11, 36)}${id}${traceparent.slice(44)}`;
}

function stockPropagator() {
  const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
  return new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
}

const nothing = { flush: async () => {}, exported: () => 0, close: async () => {} };

const pipelines = {
  raw: () => nothing,

  context() {
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    // Node.js 20 tracks promises from the first use on.
    context.with(ROOT_CONTEXT, () => {});
    return nothing;
  },

  auto: (percent, sink) => stockSdk(percent, sink),
  own: (percent, sink, feature) => stockSdk(percent, sink, feature),

  /** As `mqtrace`, with mqtrace/register in place of wrapping. To be compared on real brokers, since it needs the clients' own files. */
  register(percent, sink, feature) {
    process.env['MQTRACE_SDK'] = 'off';
    const { tracing } = require('mqtrace/register');
    if (tracing !== undefined) throw new Error('expected no tracing with MQTRACE_SDK=off');
    return pipelines.mqtrace(percent, sink, feature);
  },

  mqtrace(percent, sink, feature) {
    const { startTracing } = require('mqtrace/sdk');
    const tracing = startTracing({
      serviceName: 'bench',
      environment: 'ignore',
      export: { endpoint: sink },
      sampling: { sampler: { ratio: percent / 100 } },
      ...(feature === 'metrics' && { metrics: true }),
      ...(feature === 'slow' && { fastPath: false }),
    });
    return {
      flush: () => tracing.flush(),
      exported() {
        const { droppedTotal, exported } = tracing.stats().destinations[0];
        if (droppedTotal > 0) throw new Error(`${droppedTotal} spans were dropped`);
        return exported;
      },
      close: () => tracing.shutdown(),
    };
  },
};

/**
 * A user's own provider of OpenTelemetry's SDK, with its exporter and batching, or with {@link MqtraceSpanProcessor} and, with
 * `light`, its `lightSpans`.
 */
function stockSdk(percent, sink, feature) {
  const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = require('@opentelemetry/sdk-trace-base');
  let processor;
  let count;
  if (feature === 'processor' || feature === 'light') {
    const { MqtraceSpanProcessor } = require('mqtrace/sdk');
    processor = new MqtraceSpanProcessor({ endpoint: sink, lightSpans: feature === 'light' });
    count = () => {
      const { droppedTotal, exported } = processor.stats()[0];
      if (droppedTotal > 0) throw new Error(`${droppedTotal} spans were dropped`);
      return exported;
    };
  } else {
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
    const exporter = new OTLPTraceExporter({ url: `${sink}/v1/traces`, concurrencyLimit: 1000 });
    let exported = 0;
    const send = exporter.export.bind(exporter);
    exporter.export = (spans, done) => {
      exported += spans.length;
      send(spans, done);
    };
    count = () => exported;
    // The default queue of 2048 spans would drop spans, which would then not be encoded.
    processor = new BatchSpanProcessor(exporter, { maxQueueSize: 1_000_000 });
  }
  const provider = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(percent / 100) }),
    spanProcessors: [processor],
  });
  provider.register();
  return { flush: () => provider.forceFlush(), exported: count, close: () => provider.shutdown() };
}

const instrumentations = {
  kafkajs: ['@opentelemetry/instrumentation-kafkajs', 'KafkaJsInstrumentation'],
  amqplib: ['@opentelemetry/instrumentation-amqplib', 'AmqplibInstrumentation'],
  ioredis: ['@opentelemetry/instrumentation-ioredis', 'IORedisInstrumentation'],
};

function instrumentationOf(name) {
  const [path, Instrumentation] = instrumentations[name];
  // By default commands of ioredis outside a span have no span, such as reading a stream.
  return new (require(path)[Instrumentation])({ requireParentSpan: false });
}

/** Patches a stub like the auto-instrumentation patches the loaded module. */
function patchWith(name, module, file) {
  const [definition] = [instrumentationOf(name).init()].flat();
  const target = file === undefined ? definition : definition.files.find((each) => each.name.endsWith(file));
  return target.patch(module);
}
