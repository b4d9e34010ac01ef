// Processes deliveries without a span: in the context of the message, and measured if there is a metrics reader.
import { types } from 'node:util';
import { type Context, ROOT_CONTEXT, type SpanContext } from '@opentelemetry/api';
import {
  contextWithoutSpan,
  endWith,
  type Incoming,
  isEagerPromise,
  isProcessedIn,
  type LightOperation,
  measureIn,
  measureUnsampled,
  runInContext,
  type Unsampled,
  validSpanContext,
} from '../messaging/index.ts';
import { deliveryFacts, readSentAt } from './message.ts';
import type { Place } from './place.ts';
import { type ChannelState, storeSource } from './state.ts';
import type { MessageLike } from './types.ts';

/**
 * Starts the processing of a message whose span, and that of its settlement, are certainly unsampled: no span is created and
 * little is stored. Its trace is stored for a settlement of several messages.
 */
export function startLight(
  place: Place,
  message: MessageLike,
  incoming: Incoming,
  noAck: boolean,
): Unsampled | undefined {
  const { messaging, description } = place;
  const context = contextWithoutSpan(messaging, incoming, ROOT_CONTEXT);
  if (context === undefined || !messaging.readsLate) return undefined;
  if (!storeLight(place, message, incoming.creation, noAck)) return undefined;
  const facts = deliveryFacts(message, place.queue);
  return measureUnsampled(messaging, description, incoming, context, 'delivered', facts);
}

/**
 * As {@link startLight}, for the most common case: a message that answers no request. Nothing is created for it.
 *
 * @param context - what {@link keptContext} has returned.
 */
export function startKept(place: Place, message: MessageLike, context: Context, noAck: boolean): Unsampled | undefined {
  const { messaging, requests } = place.state;
  if (requests.isUsed || !isProcessedIn(messaging, context, ROOT_CONTEXT)) return undefined;
  if (!storeLight(place, message, validSpanContext(context), noAck)) return undefined;
  return measureIn(place, message, readSentAt, context, 'delivered', deliveryFacts(message, place.queue));
}

/** Returns false if a message has to be stored as a {@link Delivery}. */
function storeLight(place: Place, message: MessageLike, creation: SpanContext | undefined, noAck: boolean): boolean {
  const { lightDeliveries, closed } = place.state;
  if (!noAck && !closed && !lightDeliveries.push(message, creation, place)) return false;
  storeSource(message, place);
  return true;
}

/** Runs the handler of a measured message without a span. As with a span, a settlement may end its operation. */
export function runLight(
  state: ChannelState,
  noAck: boolean,
  tag: number,
  operation: LightOperation,
  call: () => unknown,
): unknown {
  let result: unknown;
  state.running.push(operation);
  try {
    result = runInContext(operation.context, call);
  } catch (error) {
    state.running.pop()?.fail(error);
    throw error;
  }
  // The handler may have closed the channel, which has ended the operation.
  if (state.running.pop() === undefined) return result;
  if (isEagerPromise(result)) {
    if (types.isPromise(result)) {
      operation.track(state.handling);
      return operation.endWith(result);
    }
    // Other promises may call both reactions.
    const tracked = operation.toOperation();
    tracked.track(state.processing);
    return endWith(tracked, result);
  }
  if (noAck) operation.end();
  else state.endWhenSettled(tag, operation);
  return result;
}
