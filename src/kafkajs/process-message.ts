// Processes one message of a batch, or one that was kept for later.
import { activeContext, guard, Messaging, noOperation, runHandler, startProcessing } from '../messaging/index.ts';
import { readMessage } from './message.ts';
import { deliveries, type Delivery, type Source } from './state.ts';
import type { KafkaMessageLike } from './types.ts';

let standalone: Source | undefined;

/** A message of no traced consumer: what it carries is known, but neither its topic nor the group. */
function unknownDelivery(message: KafkaMessageLike): Delivery {
  standalone ??= {
    messaging: new Messaging('kafka', 'processMessage', {}),
    destination: undefined,
    description: { name: 'process' },
  };
  return { source: standalone, incoming: readMessage(message, standalone) };
}

/**
 * Processes one message of a batch, or one that was kept for later: runs `fn` in the message's own context, with its baggage, and
 * within a span of its own time. That is a CONSUMER span `process {topic}` under the message's creation context, which it links,
 * as it links the span of the batch that it is called in.
 *
 * A message that did not come from a traced consumer is processed in the same way, with what it tells itself.
 *
 * @param message - as kafkajs gave it.
 * @param fn - gets the message.
 * @returns what `fn` returns; a promise is replaced by one with the same outcome, and the span ends with it.
 */
export function processMessage<M extends KafkaMessageLike, R>(message: M, fn: (message: M) => R): R {
  const ambient = activeContext();
  const operation =
    guard('processMessage', () => {
      const { source, incoming } = deliveries.get(message) ?? unknownDelivery(message);
      return startProcessing(source.messaging, source.description, incoming, ambient);
    }) ?? noOperation(ambient);
  return runHandler(operation, () => fn(message));
}
