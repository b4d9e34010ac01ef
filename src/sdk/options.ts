import type { Attributes, ContextManager, MeterProvider, TextMapPropagator } from '@opentelemetry/api';
import type { DeliveryOptions, DestinationOptions } from './export/export-options.ts';
import type { TransportOptions } from './export/otlp-senders.ts';
import type { Sampler, SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SamplerConfig, TailSamplingOptions } from './sampling/index.ts';

/** How spans leave the process: an OTLP transport, another format, or not at all. */
export const exportProtocols = ['http/protobuf', 'http/json', 'grpc', 'zipkin', 'console', 'none'] as const;

/** One of {@link exportProtocols}. */
export type ExportProtocol = (typeof exportProtocols)[number];

/** Propagators that can be named, as in `OTEL_PROPAGATORS`. All but the first two and `none` are packages of their own. */
export const propagatorNames = ['tracecontext', 'baggage', 'b3', 'b3multi', 'jaeger', 'xray', 'none'] as const;

/** One of {@link propagatorNames}. */
export type PropagatorName = (typeof propagatorNames)[number];

/** Which wins, an `OTEL_*` variable or the option in code. */
export const environmentModes = ['override', 'fallback', 'ignore'] as const;

/** One of {@link environmentModes}. */
export type EnvironmentMode = (typeof environmentModes)[number];

/** What {@link startTracing} takes. Every option may be left out; an unknown name is refused. */
export interface StartTracingOptions extends TailSamplingOptions, DeliveryOptions, TransportOptions {
  /** `service.name` of every span. Default `unknown_service:node`. Variable: `OTEL_SERVICE_NAME`. */
  readonly serviceName?: string | undefined;
  /** `service.version`. Default: none. */
  readonly serviceVersion?: string | undefined;
  /** `deployment.environment.name`, such as `production`. Default: none. */
  readonly deploymentEnvironment?: string | undefined;
  /** Further resource attributes. The three options above win over the same names here. Variable: `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resourceAttributes?: Attributes | undefined;

  /**
   * How spans are exported. Default `http/protobuf`.
   * Variables: `OTEL_TRACES_EXPORTER`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL`.
   */
  readonly protocol?: ExportProtocol | undefined;
  /**
   * Where spans are sent. For OTLP over HTTP a base URL to which `/v1/traces` is appended, unless it ends so already; for gRPC
   * `http://host:port` (plain), `https://host:port` or `host:port` (TLS); for Zipkin its URL, to which `/api/v2/spans` is
   * appended if it has no path. Default `http://localhost:4318`, `http://localhost:4317` or `http://localhost:9411`.
   * Variables: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (taken as it is), `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_ZIPKIN_ENDPOINT`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Sent with every export, for authentication for instance; gRPC sends them as metadata. Merged with
   * `OTEL_EXPORTER_OTLP_TRACES_HEADERS` and `OTEL_EXPORTER_OTLP_HEADERS` by name. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Several destinations at once, instead of `protocol`, `endpoint` and `headers`. Each has its own queue, spool and counters:
   * a slow one does not hold up another. Default: none.
   */
  readonly destinations?: readonly DestinationOptions[] | undefined;

  /**
   * Which traces are kept: a sampler, or plain data such as `{ ratio: 0.1, perSecond: 100 }`, where both must agree. Wrapped in
   * `parentBased` unless it is one, so that a trace is kept whole. Default: all.
   * Variables: `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`.
   */
  readonly sampler?: Sampler | SamplerConfig | undefined;
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
  /** Follows open spans by name and ids, for `tracing.openSpans()`. Default `false`. */
  readonly trackOpenSpans?: boolean | undefined;

  /** A propagator, or names as in `OTEL_PROPAGATORS`. Default: W3C trace context and baggage. */
  readonly propagator?: TextMapPropagator | readonly PropagatorName[] | undefined;
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
