export { errorCodes, MqtraceError, type MqtraceErrorCode } from '../errors.ts';
export {
  environmentModes,
  type EnvironmentMode,
  exportProtocols,
  type ExportProtocol,
  propagatorNames,
  type PropagatorName,
  type RatioSampling,
  type StartTracingOptions,
} from './options.ts';
export { startTracing } from './start-tracing.ts';
export type { FlushOptions, Tracing } from './tracing.ts';
