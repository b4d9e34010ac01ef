// The options of startTracing().
import type { Attributes, ContextManager, MeterProvider, TextMapPropagator } from '@opentelemetry/api';
import type { ExportOptions } from '../export/export-options.ts';
import type { MetricsOptions } from '../export/messaging-metrics/create.ts';
import type { EnvironmentMode, PropagatorName } from '../config/names.ts';
import type { SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SamplingOptions } from '../sampling/index.ts';

/** What {@link startTracing} takes. Every option may be left out; an unknown name throws. */
export interface StartTracingOptions {
  /** `service.name` of every span. Default `unknown_service:node`. Variable: `OTEL_SERVICE_NAME`. */
  readonly serviceName?: string | undefined;
  /** `service.version`. Default: none. */
  readonly serviceVersion?: string | undefined;
  /** `deployment.environment.name`, such as `production`. Default: none. */
  readonly deploymentEnvironment?: string | undefined;
  /** Further resource attributes. The three options above win over the same names here. Variable: `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resourceAttributes?: Attributes | undefined;

  /** Where spans are sent and how they are delivered. Default: OTLP to a collector on this machine. */
  readonly export?: ExportOptions | undefined;
  /** Which traces are kept, as {@link createSampling} takes it. Default: all. */
  readonly sampling?: SamplingOptions | undefined;
  /** How much one span may hold. Default: 128 attributes, events and links, values of any length. Variables: `OTEL_SPAN_*_LIMIT`. */
  readonly spanLimits?: Readonly<SpanLimits> | undefined;
  /** Further span processors; they see each span before it is exported. A fault in one never reaches the application. */
  readonly spanProcessors?: readonly SpanProcessor[] | undefined;

  /**
   * Where tracing shows its own figures, what `stats()` tells and what `tracing.span()` runs, as metrics. They are read when they
   * are collected: a span costs nothing more. Default: nowhere.
   */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Whether `tracing.span()` counts and times what it runs, by the span's name. Default: if there is a `meterProvider`; with
   * `true` and none, the one registered with the OpenTelemetry API is used.
   */
  readonly operationMetrics?: boolean | undefined;
  /**
   * Counts and times the messages of all traced clients, sampled or not, and sends the metrics as OTLP to the destinations that spans
   * have. No metrics SDK is needed; where the application has one, use `mqtraceMetrics()` of `mqtrace/metrics` instead. Default `false`.
   * Variables: `OTEL_METRICS_EXPORTER`, `OTEL_EXPORTER_OTLP_METRICS_*`, `OTEL_METRIC_EXPORT_*`.
   */
  readonly metrics?: boolean | MetricsOptions | undefined;
  /** Follows open spans by name and ids, for `tracing.openSpans()`. Default `false`. */
  readonly trackOpenSpans?: boolean | undefined;
  /**
   * Whether the wrappers' spans are light ones, with the same result. False has the SDK make them all: to find out whether a fault
   * comes from there. Default `true`.
   */
  readonly fastPath?: boolean | undefined;

  /** A propagator, or several: names as in `OTEL_PROPAGATORS`, or propagators. Default: W3C trace context and baggage. */
  readonly propagator?: TextMapPropagator | readonly (PropagatorName | TextMapPropagator)[] | undefined;
  /** Carries the context through asynchronous calls. Default: one on AsyncLocalStorage; `false` registers none. */
  readonly contextManager?: ContextManager | false | undefined;
  /** Registers provider, propagator and context manager with the OpenTelemetry API, where wrappers find them. Default `true`. */
  readonly register?: boolean | undefined;
  /**
   * `override` (default): an `OTEL_*` variable that is set wins over the option, so that operators can change a deployed
   * service. `fallback`: the option wins. `ignore`: no variable is read.
   */
  readonly environment?: EnvironmentMode | undefined;
}
