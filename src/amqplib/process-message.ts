// Implements processMessage(): a process span for a message that is not processed by a consumer's handler.
import { checkFunction } from '../common/check-options.ts';
import { activeContext, guard, Messaging, type Operation, runHandler, startProcessing } from '../messaging/index.ts';
import { deliveryFacts, detailsOf, readFrom, readMessage } from './message.ts';
import { storedDelivery } from './state.ts';
import type { MessageLike } from './types.ts';

let untraced: Messaging | undefined;

/**
 * Runs `fn` in the context of one message, with a process span and the message's baggage: for messages of `channel.get()`, and for
 * messages that a consumer collects to process them together. Returns the result of `fn`. The span ends when `fn` returns, or when
 * its promise settles. The span of a later settlement is a child of this span.
 *
 * @param message - from a traced channel. The queue of any other message is unknown.
 * @param fn - called with the message.
 */
export function processMessage<M extends MessageLike, R>(message: M, fn: (message: M) => R): R {
  checkFunction('processMessage(message, fn)', fn);
  const operation = guard('tracing the processing of a message', () => startProcess(message));
  return operation === undefined ? fn(message) : runHandler(operation, () => fn(message));
}

function startProcess(message: MessageLike): Operation {
  const delivery = storedDelivery(message);
  const place = delivery?.place;
  const messaging = place?.state.messaging ?? (untraced ??= new Messaging('rabbitmq', 'processMessage', {}));
  const queue = place?.queue ?? '';
  const operation = startProcessing(
    messaging,
    {
      name: 'process',
      attributes: place?.state.server.address,
      details: detailsOf(message, queue),
    },
    delivery?.incoming ??
      (place === undefined ? readMessage(messaging, message, queue) : readFrom(messaging, message, place.destination)),
    activeContext(),
    // The delivery of a consumer was counted when its handler was called.
    delivery !== undefined && delivery.context === undefined ? 'read' : undefined,
    deliveryFacts(message, queue),
  );
  if (delivery !== undefined) {
    delivery.context = operation.context;
    const { state } = delivery.place;
    if (!state.closed) operation.track(state.processing);
  }
  return operation;
}
