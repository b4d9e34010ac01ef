// Exports the public API of mqtrace/sdk: sets up OpenTelemetry, samples and exports.
export { errorCodes, MqtraceError, type MqtraceErrorCode } from '../common/errors.ts';
export {
  environmentModes,
  type EnvironmentMode,
  exportProtocols,
  type ExportProtocol,
  propagatorNames,
  type PropagatorName,
} from '../config/names.ts';
export type { StartTracingOptions } from './options.ts';
export { type DropReason, dropReasons, type SpanCounts } from '../export/accounting.ts';
export type { ExportTarget } from '../config/export-target.ts';
export type {
  DeliveryOptions,
  DestinationOptions,
  ExportOptions,
  FlushResult,
  FlushTimeout,
} from '../export/export-options.ts';
export { MqtraceSpanProcessor, type MqtraceSpanProcessorOptions } from '../export/mqtrace-span-processor.ts';
export type { AgentFactory, TransportOptions } from '../export/otlp-senders.ts';
export type { MetricsOptions } from '../export/messaging-metrics/create.ts';
export type { Temporality } from '../metrics/index.ts';
export type { SpoolOptions } from '../export/spool/spool.ts';
export type { DestinationStats, TracingStats } from '../export/stats.ts';
export type { OpenSpan, OpenSpansOptions } from './open-spans.ts';
export { startTracing } from './start-tracing.ts';
export type { FlushOptions, Tracing } from './tracing.ts';
// Samplers: each works in any OpenTelemetry provider.
export {
  adaptive,
  type AdaptiveOptions,
  allOf,
  alwaysOff,
  alwaysOn,
  anyOf,
  createSampling,
  credits,
  type ErrorBoostOptions,
  type HeldSpans,
  independent,
  type IndependentOptions,
  linkBased,
  type Match,
  parentBased,
  type ParentBasedOptions,
  perSecond,
  type PerSecondOptions,
  type Range,
  ratio,
  rules,
  type RulesOptions,
  type SamplerConfig,
  samplerFrom,
  type Sampling,
  type SamplingOptions,
  type SamplingRule,
  type SpanKindName,
  type TailConditions,
  type TailDecision,
  type TailLimits,
  type TailSamplingOptions,
} from '../sampling/index.ts';
