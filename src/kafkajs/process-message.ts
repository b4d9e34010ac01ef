import { kafkaHeaders, type KafkaHeaders } from '../../carriers/index.ts';
import {
  activeContext,
  createStamp,
  type Destination,
  guard,
  type Incoming,
  Messaging,
  noOperation,
  type OperationDescription,
  readIncoming,
  runHandler,
  startProcessing,
} from '../messaging/index.ts';
import { receivedAttributes, sentAt } from './message.ts';
import type { KafkaMessageLike } from './types.ts';

/** What is known of a message that was handed to the application. */
export interface Delivery {
  messaging: Messaging;
  destination: Destination | undefined;
  /** Of what processes it. */
  description: Pick<OperationDescription, 'name' | 'attributes'>;
  incoming: Incoming;
}

const deliveries = createStamp<Delivery>();
let standalone: Messaging | undefined;

/** Reads what a message carries, and remembers it for {@link processMessage}. */
export function deliver(message: KafkaMessageLike, from: Omit<Delivery, 'incoming'>): Delivery {
  const { messaging, destination, description } = from;
  const delivery = { messaging, destination, description, incoming: read(message, messaging, destination) };
  deliveries.set(message, delivery);
  return delivery;
}

function read(message: KafkaMessageLike, messaging: Messaging, destination: Destination | undefined): Incoming {
  return readIncoming(messaging, kafkaHeaders, message.headers as KafkaHeaders | undefined, {
    destination,
    attributes: receivedAttributes(message),
    sentAt: sentAt(message),
  });
}

/** A message of no traced consumer: what it carries is known, but neither its topic nor the group. */
function unknownDelivery(message: KafkaMessageLike): Delivery {
  standalone ??= new Messaging('kafka', 'processMessage', {});
  const known = { messaging: standalone, destination: undefined, description: { name: 'process' } };
  return { ...known, incoming: read(message, standalone, undefined) };
}

/**
 * Processes one message of a batch, or one that was kept for later: runs `fn` in the message's own context, with its baggage, and
 * within a span of its own time. That is a CONSUMER span `process {topic}` under the message's creation context, which it links,
 * as it links the span of the batch that it is called in.
 *
 * A message that did not come from a traced consumer is processed in the same way, with what it tells itself.
 *
 * @param message - as kafkajs gave it.
 * @param fn - gets the message. What it returns or throws is handed on unchanged; of a promise, one that settles alike, and the
 *   span ends with it.
 */
export function processMessage<M extends KafkaMessageLike, R>(message: M, fn: (message: M) => R): R {
  const ambient = activeContext();
  const operation =
    guard('processMessage', () => {
      const { messaging, description, incoming } = deliveries.get(message) ?? unknownDelivery(message);
      return startProcessing(messaging, description, incoming, ambient);
    }) ?? noOperation(ambient);
  return runHandler(operation, () => fn(message));
}
