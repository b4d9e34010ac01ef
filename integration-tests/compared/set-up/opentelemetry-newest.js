// Sets up OpenTelemetry's newest instrumentations and SDK; the packages are in the folder of COMPARED_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { instrumentations } from './instrumentations.js';
import { readMetrics } from './metrics.js';

const require = createRequire(join(process.env.COMPARED_MODULES, 'any.js'));
const api = require('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
api.propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
api.trace.setGlobalTracerProvider(provider);

globalThis.compared = instrumentations({
  requireTracer: require,
  api,
  exporter,
  provider,
  ...readMetrics([], require),
});
