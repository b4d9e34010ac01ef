// Implements startTracing(), which sets up tracing in one call.
import {
  type Attributes,
  type ContextManager,
  diag,
  DiagConsoleLogger,
  DiagLogLevel,
  ProxyTracerProvider,
} from '@opentelemetry/api';
import { removeSamplingHint, setSamplingHint } from '../common/sampling-hint.ts';
import { AsyncContextManager } from './context-manager.ts';
import { isRegistered, register, registrationOver } from './api-globals.ts';
import { CountingProcessor } from './counting-processor.ts';
import { countingSampler } from './counting-sampler.ts';
import { Environment } from '../config/environment.ts';
import { loadOptional } from '../config/optional-package.ts';
import { createDestinationQueues } from '../export/create-destinations.ts';
import { DeliveringSpanProcessor } from '../export/delivering-span-processor.ts';
import { createMetricsExport } from '../export/messaging-metrics/create.ts';
import { observeExport } from '../export/metrics.ts';
import { StartedSpans } from '../export/started-spans.ts';
import { ExportBackend } from './export-backend.ts';
import { GuardedProcessor } from '../sampling/guarded-processor.ts';
import type { StartTracingOptions } from './options.ts';
import { LightSpanProcessor } from './light-span-processor.ts';
import { useLightSpans } from './light-spans.ts';
import { OpenSpans } from './open-spans.ts';
import { OperationMetrics } from './operation-metrics.ts';
import { choosePropagator } from './propagators.ts';
import { randomIds } from '../export/random-ids.ts';
import { RandomFlagProcessor } from './random-flag-processor.ts';
import { createResource, resourceAttributes } from './resource.ts';
import { chooseSampling } from './sampler.ts';
import { samplerFrom } from '../sampling/index.ts';
import { SilenceWatch } from './silence-watch.ts';
import { chooseSpanLimits } from './span-limits.ts';
import { type Tracing, TracingHandle } from './tracing.ts';
import { validateOptions } from './validate-options.ts';

/**
 * Sets up tracing for this process: resource, sampler, exporter, propagator and context manager, registered with the
 * OpenTelemetry API. Synchronous, so that the next line of a program can already create spans.
 *
 * `OTEL_*` variables that are set take precedence over the options (`environment` changes that). With `OTEL_SDK_DISABLED=true`
 * nothing is recorded or exported, but context is still propagated.
 *
 * If another provider is already registered, a warning is logged on `diag`; the returned object works, but the API's spans go to
 * the other provider. After `shutdown()` it may be called again.
 *
 * @throws MqtraceError `INVALID_OPTION` for an invalid option, `MISSING_DEPENDENCY` for a package that is not installed.
 */
export function startTracing(options: StartTracingOptions = {}): Tracing {
  validateOptions(options);
  const environment = new Environment(options.environment ?? 'override');
  setLogLevel(environment);

  // Everything that can throw runs before anything is registered.
  const attributes = resourceAttributes(options, environment);
  const propagator = choosePropagator(options, environment);
  const backend = environment.flag('OTEL_SDK_DISABLED') ? undefined : createBackend(options, environment, attributes);
  const provider = backend?.provider;
  if (options.register ?? true) {
    register({
      provider,
      propagator,
      contextManager: chooseContextManager(options),
      chosen: {
        propagator: options.propagator !== undefined,
        contextManager: options.contextManager !== undefined,
      },
    });
  }

  if (backend === undefined || provider === undefined) {
    const idle = new ProxyTracerProvider();
    return new TracingHandle(
      idle,
      idle.getTracer('mqtrace'),
      undefined,
      () => undefined,
      (given) => void samplerFrom(given),
    );
  }
  const { 'service.name': name, 'service.version': version } = attributes;
  const tracer = provider.getTracer(String(name), version === undefined ? undefined : String(version));
  const { sampling } = backend;
  const registered = options.register ?? true;
  if (registered) setSamplingHint(sampling.hintFor(provider));
  const watch = registered ? new SilenceWatch(() => backend.stats().created) : undefined;
  const onShutdown = (): void => {
    watch?.end();
    removeSamplingHint(provider);
    registrationOver(provider);
  };
  return new TracingHandle(provider, tracer, backend, onShutdown, (given) => sampling.setSampler(given));
}

function createBackend(options: StartTracingOptions, environment: Environment, attributes: Attributes): ExportBackend {
  const { TracerProvider } = loadOptional('@opentelemetry/sdk-trace', 'startTracing()');
  const exporting = new DeliveringSpanProcessor(createDestinationQueues(options.export ?? {}, environment));
  const sampling = chooseSampling(options.sampling ?? {}, environment, [new GuardedProcessor(exporting)]);
  exporting.attachSource(sampling);
  const counts = new StartedSpans();
  const { meterProvider, operationMetrics = meterProvider !== undefined } = options;
  const openSpans = options.trackOpenSpans === true ? new OpenSpans() : undefined;
  const own = (options.spanProcessors ?? []).map((each) => new GuardedProcessor(each));
  const resource = createResource(TracerProvider, attributes);
  const parts = {
    resource,
    sampler: countingSampler(sampling.sampler, counts),
    spanLimits: chooseSpanLimits(options, environment),
    spanProcessors: [
      new GuardedProcessor(new RandomFlagProcessor()),
      ...(openSpans ? [openSpans] : []),
      ...own,
      new CountingProcessor(sampling, counts),
    ],
    idGenerator: randomIds,
  };
  const provider = new TracerProvider(parts);
  // A processor may depend on the SDK's class: it may copy, wrap or overwrite the properties of its spans.
  if (options.fastPath !== false && own.length === 0) {
    const processor = new LightSpanProcessor(sampling, counts, openSpans);
    useLightSpans(provider, { ...parts, Provider: TracerProvider, processor });
  }
  // From here on the exporter handles the end of the process, so nothing may throw.
  exporting.start();
  if (meterProvider !== undefined) observeExport(meterProvider, exporting, counts);
  const operations = operationMetrics ? new OperationMetrics(meterProvider) : undefined;
  const { metrics = false } = options;
  const metricsOptions = typeof metrics === 'object' ? metrics : {};
  const metricsExport =
    metrics === false ? undefined : createMetricsExport(metricsOptions, options.export ?? {}, environment, resource);
  return new ExportBackend({
    provider,
    exporting,
    sampling,
    own,
    counts,
    openSpans,
    operations,
    metrics: metricsExport,
  });
}

function chooseContextManager({ contextManager }: StartTracingOptions): ContextManager | undefined {
  if (contextManager === false) return undefined;
  return contextManager ?? new AsyncContextManager();
}

const logLevels = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const;

/** A logger of the application is kept. */
function setLogLevel(environment: Environment): void {
  const name = environment.oneOf('OTEL_LOG_LEVEL', logLevels);
  if (name === undefined || isRegistered('diag')) return;
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel[name.toUpperCase() as Uppercase<typeof name>]);
}
