export { errorCodes, MqtraceError, type MqtraceErrorCode } from '../errors.ts';
export {
  environmentModes,
  type EnvironmentMode,
  exportProtocols,
  type ExportProtocol,
  propagatorNames,
  type PropagatorName,
  type StartTracingOptions,
} from './options.ts';
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
  credits,
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
  type SamplingRule,
  type SpanKindName,
} from './sampling/index.ts';
