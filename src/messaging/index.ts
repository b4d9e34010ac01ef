// Exports the building blocks of the wrappers. Not public, except for the types of the options.
export { startBatch, startProcessing, startReceiving } from './consuming.ts';
export { type LinkedMessage, linksTo } from './batch.ts';
export { startSettling, startSettlingLinked, startSettlingOne } from './settling.ts';
export { endAll, writesLater } from './ending-many.ts';
export { type Failure, failureOf } from './failure.ts';
export { type Incoming, Received, type Settled } from './incoming.ts';
export { type Counting, measureBatch, type MessageSource } from './measure-consuming.ts';
export { activeContext, bindToContext, runInContext } from '../common/active-context.ts';
export { isEagerPromise } from '../common/eager-promise.ts';
export { errorType } from '../common/error-type.ts';
export { endLightWith, LightOperation } from './light-operation.ts';
export { measurePassedOn, measurePassedOnEach } from './light-sending.ts';
export {
  applyStarted,
  callStarted,
  contextWithoutSpan,
  isProcessedIn,
  measureIn,
  measureUnsampled,
  startBatchLightly,
  startProcessingLightly,
  type Unsampled,
} from './light-processing.ts';
export { callWithin, endWith, type HandlerOptions, runHandler, observeResult } from './handler.ts';
export { deliverAtHeader, dropPastDelivery, readTimeInHeader, timeInHeader, waitsSince } from './deliver-at.ts';
export { lagAttributes, type DeliveryFacts } from './measuring.ts';
export { isAutoInstrumented, isPatched, type Method, markAutoInstrumented, stepAside } from './auto-instrumentation.ts';
export {
  asAutomatic,
  claim,
  giveUpAutomatic,
  guard,
  isClaimed,
  isTracedExplicitly,
  replaceClassMethod,
  replaceClassMethodWhile,
  replaceMethod,
} from './instance.ts';
export { Messaging, validSpanContext } from './messaging.ts';
export { type Destination, mergeAttributes, noOperation, Operation, type OperationDescription } from './operation.ts';
export { checkClient, checkOptions, type Parenting, type TraceOptions } from './options.ts';
export type { PipelineOptions } from './pipeline-policy.ts';
export type { MessageContent } from './message-view.ts';
export { type Outgoing, type Sending, startSending } from './producing.ts';
export * from './semconv.ts';
export { checkServer, serverAttributes, type ServerOption } from './server.ts';
export { type LateSettlement, settleLater } from './settling-many.ts';
export { createStamp, type Stamp } from './stamp.ts';
export { startOperation } from './start-operation.ts';
export { startSpans } from './spans.ts';
export { tracerOf, type TracerSource } from './tracer.ts';
export { type OpenEntry, OpenOperations } from './open-operations.ts';
export { OperationClock } from './operation-clock.ts';
