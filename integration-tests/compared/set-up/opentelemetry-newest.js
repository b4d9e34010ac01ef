// Sets up OpenTelemetry's newest instrumentations and SDK; the packages are in the folder of COMPARED_MODULES.
import { instrumentations } from './instrumentations.js';
import { readMetrics } from './metrics.js';
import { requireTracer } from './require-tracer.js';

const api = requireTracer('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } = requireTracer('@opentelemetry/sdk-trace');
const { AsyncLocalStorageContextManager } = requireTracer('@opentelemetry/context-async-hooks');
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = requireTracer('@opentelemetry/core');
const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
api.propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
api.trace.setGlobalTracerProvider(provider);

globalThis.compared = instrumentations({
  requireTracer,
  api,
  exporter,
  provider,
  ...readMetrics([], requireTracer),
});
