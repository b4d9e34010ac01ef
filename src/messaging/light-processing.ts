// Processes messages without a span: in the context of the message, and measured if there is a metrics reader.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { applyInContext, callInContext } from '../common/active-context.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { startProcessing } from './consuming.ts';
import { DroppedRoot } from './dropped-root.ts';
import { type HandlerOptions, runHandler } from './handler.ts';
import type { Incoming } from './incoming.ts';
import { endLightWith, LightOperation } from './light-operation.ts';
import {
  type Counting,
  measureMessage,
  measureMessages,
  measureProcessing,
  type MessageSource,
  type ReadSentAt,
} from './measure-consuming.ts';
import type { DeliveryFacts } from './measuring.ts';
import type { Messaging } from './messaging.ts';
import { Operation, type OperationDescription } from './operation.ts';

/** The context in which a message without a span is processed, and its operation if it is measured. */
export type Unsampled = LightOperation | Context;

/** The context to process a message in, if it certainly has no span; undefined if {@link startProcessing} has to decide. */
export function contextWithoutSpan(messaging: Messaging, incoming: Incoming, ambient: Context): Context | undefined {
  if (!messaging.alwaysContinues || isTracingSuppressed(ambient)) return undefined;
  const { context } = incoming;
  return incoming.linkOnly !== true && messaging.isCertainlyUnsampled(context) ? context : undefined;
}

/**
 * Whether a message with this context is certainly processed in it, without a span. For messages to which no option for trust or
 * baggage applies.
 */
export function isProcessedIn(messaging: Messaging, context: Context, ambient: Context): boolean {
  return messaging.alwaysContinues && !isTracingSuppressed(ambient) && messaging.isCertainlyUnsampled(context);
}

/** Measures the processing of a message for which {@link isProcessedIn} is true, without an object for the message. */
export function measureIn<M>(
  source: MessageSource,
  message: M,
  readSentAt: ReadSentAt<M>,
  context: Context,
  counting?: Counting,
  facts?: DeliveryFacts,
): Unsampled {
  const measurement = measureMessage(source, message, readSentAt, context, counting, facts);
  return measurement === undefined ? context : LightOperation.start(context, measurement);
}

/** Measures the processing of a message in a context that {@link contextWithoutSpan} has returned. */
export function measureUnsampled(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  context: Context,
  counting?: Counting,
  facts?: DeliveryFacts,
): Unsampled {
  const measurement = measureProcessing(messaging, description, incoming, counting, facts);
  return measurement === undefined ? context : LightOperation.start(context, measurement);
}

/**
 * As `startBatch`, for messages of one source that are passed to a handler, without an object for any of them. Undefined if the
 * operation may have a span that is recorded.
 */
export function startBatchLightly<M>(
  source: MessageSource,
  messages: readonly M[],
  readSentAt: ReadSentAt<M>,
): Unsampled | undefined {
  const { messaging, destination } = source;
  if (!messaging.readsLate) return undefined;
  const isIgnored = messaging.ignores(destination);
  if (!isIgnored && !messaging.isCertainlyDropped(ROOT_CONTEXT)) return undefined;
  const isMeasured = metricsEpoch() !== 0;
  // The age of a pipeline is in the context of each message.
  if (isMeasured && messaging.pipelines !== undefined) return undefined;
  const context = isIgnored ? ROOT_CONTEXT : new DroppedRoot(messaging.tracer);
  const measurement = isMeasured ? measureMessages(source, messages, readSentAt) : undefined;
  return measurement === undefined ? context : LightOperation.start(context, measurement);
}

/** As {@link startProcessing}, without an object of its own for a message that certainly has no span. */
export function startProcessingLightly(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  ambient: Context,
  counting?: Counting,
): Operation | Unsampled {
  const context = contextWithoutSpan(messaging, incoming, ambient);
  return context === undefined
    ? startProcessing(messaging, description, incoming, ambient, counting)
    : measureUnsampled(messaging, description, incoming, context, counting);
}

/**
 * As {@link runHandler}, for a function of one argument, and for what {@link startProcessingLightly} returns: without a closure, if
 * there is no span.
 */
export function callStarted<A, R>(started: Operation | Unsampled, fn: (argument: A) => R, argument: A): R {
  if (started instanceof LightOperation) return callLight(started, fn, argument);
  return started instanceof Operation ? callWithin(started, fn, argument) : callInContext(started, fn, argument);
}

/** As {@link callStarted}, for a method. */
export function applyStarted<This, Args extends unknown[], R>(
  started: Operation | Unsampled,
  fn: (this: This, ...args: Args) => R,
  thisArg: This,
  args: Args,
  options: HandlerOptions,
): R {
  if (started instanceof LightOperation) return applyLight(started, fn, thisArg, args, options);
  return started instanceof Operation
    ? applyWithin(started, fn, thisArg, args, options)
    : applyInContext(started, fn, thisArg, args);
}

// Separate functions, because one that contains a closure allocates its variables before it is known whether the closure is needed.

function callWithin<A, R>(operation: Operation, fn: (argument: A) => R, argument: A): R {
  return runHandler(operation, () => fn(argument));
}

function applyWithin<This, Args extends unknown[], R>(
  operation: Operation,
  fn: (this: This, ...args: Args) => R,
  thisArg: This,
  args: Args,
  options: HandlerOptions,
): R {
  return runHandler(operation, () => fn.apply(thisArg, args), options);
}

function callLight<A, R>(operation: LightOperation, fn: (argument: A) => R, argument: A): R {
  let result: R;
  try {
    result = callInContext(operation.context, fn, argument);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
  return endLightWith(operation, result);
}

function applyLight<This, Args extends unknown[], R>(
  operation: LightOperation,
  fn: (this: This, ...args: Args) => R,
  thisArg: This,
  args: Args,
  options: HandlerOptions,
): R {
  let result: R;
  try {
    result = applyInContext(operation.context, fn, thisArg, args);
  } catch (error) {
    operation.fail(error);
    throw error;
  }
  return endLightWith(operation, result, options.awaited);
}
