// Exports the public API that needs only OpenTelemetry's API: propagation without a wrapper, baggage, and captured contexts.
export {
  type BaggageKey,
  BaggageManager,
  type BaggagePolicy,
  type BaggageRules,
  type BaggageSetOptions,
  baggage,
  baggageKey,
  captureContext,
  type CapturedContext,
  extract,
  extractEnvironment,
  getBaggage,
  inject,
  injectEnvironment,
  mqtracePropagator,
  processBaggage,
  type PropagationOptions,
  type PropagatorChoice,
  restoreContext,
  type Trust,
  type TrustLevel,
  type TrustRules,
  withBaggage,
  withCapturedContext,
} from './propagation/index.ts';
// Common options of all wrappers.
export { deliverAtHeader } from './messaging/deliver-at.ts';
export type { PipelineOptions } from './messaging/pipeline-policy.ts';
export type { CaptureHeaders } from './messaging/capture-headers.ts';
export type { MessageView } from './messaging/message-view.ts';
export type { MessageHook, Parenting, TraceOptions } from './messaging/options.ts';
export type { SemconvVersion } from './messaging/semconv.ts';
export type { ServerOption } from './messaging/server.ts';
// For asynchronous pipelines.
export {
  bindEmitter,
  type ContextSource,
  fanIn,
  type FanInOptions,
  fanOut,
  type FanOutOptions,
  keepContext,
  keptContext,
  linksTo,
  mapInContext,
} from './pipelines/index.ts';
// Diagnostics.
export { explain, type ExplainOptions, type Explanation } from './diagnostics/explain.ts';
export { errorCodes, MqtraceError, type MqtraceErrorCode } from './common/errors.ts';
export { tracingFaults } from './common/faults.ts';
export { type DroppedHeaderReason, droppedHeaderReasons, droppedHeaders } from '../carriers/index.ts';
