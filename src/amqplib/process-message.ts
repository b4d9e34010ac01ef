import { context as contextApi } from '@opentelemetry/api';
import { guard, Messaging, type Operation, runHandler, startProcessing } from '../messaging/index.ts';
import { messageDetails, readMessage } from './message.ts';
import { recall } from './received.ts';
import type { MessageLike } from './types.ts';

let untraced: Messaging | undefined;

/**
 * Runs `fn` in the context of one message, with a process span, a time and the baggage of its own: for what `channel.get()` gave,
 * and for messages that a consumer gathers to work on them together. Returns what `fn` returns; the span ends with it, or with the
 * promise that it returns. What settles the message afterwards belongs to that span.
 *
 * @param message - from a traced channel; of any other message all is told but its queue.
 * @param fn - gets the message.
 */
export function processMessage<M extends MessageLike, R>(message: M, fn: (message: M) => R): R {
  const operation = guard('tracing the processing of a message', () => startProcess(message));
  return operation === undefined ? fn(message) : runHandler(operation, () => fn(message));
}

function startProcess(message: MessageLike): Operation {
  const from = recall(message);
  const messaging = from?.state.messaging ?? (untraced ??= new Messaging('rabbitmq', 'processMessage', {}));
  const queue = from?.queue ?? '';
  const operation = startProcessing(
    messaging,
    {
      name: 'process',
      attributes: from?.state.server.address,
      details: () => messageDetails(message, queue),
    },
    from?.delivery.incoming ?? readMessage(messaging, message, queue),
    contextApi.active(),
  );
  if (from !== undefined) {
    from.delivery.context = operation.context;
    if (!from.state.closed) operation.track(from.state.processing);
  }
  return operation;
}
