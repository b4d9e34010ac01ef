// Defines the options of startTracing().
import type { Attributes, ContextManager, MeterProvider, TextMapPropagator } from '@opentelemetry/api';
import type { ExportOptions } from '../export/export-options.ts';
import type { MetricsOptions } from '../export/messaging-metrics/create.ts';
import type { EnvironmentMode, PropagatorName } from '../config/names.ts';
import type { SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SamplingOptions } from '../sampling/index.ts';

/** Options of {@link startTracing}. All options are optional; an unknown name throws. */
export interface StartTracingOptions {
  /** `service.name` of every span. Default `unknown_service:node`. Variable: `OTEL_SERVICE_NAME`. */
  readonly serviceName?: string | undefined;
  /** `service.version`. Default: none. */
  readonly serviceVersion?: string | undefined;
  /** `deployment.environment.name`, such as `production`. Default: none. */
  readonly deploymentEnvironment?: string | undefined;
  /**
   * Further resource attributes. The three options above take precedence over the same names here. Variable:
   * `OTEL_RESOURCE_ATTRIBUTES`.
   */
  readonly resourceAttributes?: Attributes | undefined;

  /** Where spans are sent and how they are delivered. Default: OTLP to a collector on this machine. */
  readonly export?: ExportOptions | undefined;
  /** Which traces are kept, as in {@link createSampling}. Default: all. */
  readonly sampling?: SamplingOptions | undefined;
  /** Limits of a span. Default: 128 attributes, events and links, with values of any length. Variables: `OTEL_SPAN_*_LIMIT`. */
  readonly spanLimits?: Readonly<SpanLimits> | undefined;
  /** Additional span processors, which get each span before it is exported. A fault in one never reaches the application. */
  readonly spanProcessors?: readonly SpanProcessor[] | undefined;

  /**
   * The meter provider for tracing's own metrics: the numbers of `stats()`, and the operations of `tracing.span()`. The numbers of
   * `stats()` are read when metrics are collected, without cost per span. Default: none.
   */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Whether `tracing.span()` counts and times its operations by the span's name. Default: true if there is a `meterProvider`. If
   * set to `true` without one, the provider registered with the OpenTelemetry API is used.
   */
  readonly operationMetrics?: boolean | undefined;
  /**
   * Counts and times the messages of all traced clients, sampled or not, and sends the metrics as OTLP to the destinations of
   * spans. No metrics SDK is needed; if the application has one, use `mqtraceMetrics()` of `mqtrace/metrics` instead. Default
   * `false`. Variables: `OTEL_METRICS_EXPORTER`, `OTEL_EXPORTER_OTLP_METRICS_*`, `OTEL_METRIC_EXPORT_*`.
   */
  readonly metrics?: boolean | MetricsOptions | undefined;
  /** Tracks open spans by name and ids, for `tracing.openSpans()`. Default `false`. */
  readonly trackOpenSpans?: boolean | undefined;
  /**
   * Whether the wrappers create light spans, with the same result as spans of the SDK. Set it to `false` to create all spans with
   * the SDK, to find out whether a problem is caused by light spans. Default `true`.
   */
  readonly fastPath?: boolean | undefined;

  /** A propagator, or several: names as in `OTEL_PROPAGATORS`, or propagators. Default: W3C trace context and baggage. */
  readonly propagator?: TextMapPropagator | readonly (PropagatorName | TextMapPropagator)[] | undefined;
  /**
   * The context manager, which keeps the context across asynchronous calls. Default: one based on AsyncLocalStorage; `false`
   * registers none.
   */
  readonly contextManager?: ContextManager | false | undefined;
  /** Registers provider, propagator and context manager with the OpenTelemetry API, where wrappers find them. Default `true`. */
  readonly register?: boolean | undefined;
  /**
   * `override` (default): a set `OTEL_*` variable takes precedence over the option, so that operators can reconfigure a deployed
   * service. `fallback`: the option takes precedence. `ignore`: no variable is read.
   */
  readonly environment?: EnvironmentMode | undefined;
}
