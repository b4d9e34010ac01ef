import type { Attributes } from '@opentelemetry/api';
import { amqpHeaders } from '../../carriers/index.ts';
import {
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  ATTR_MESSAGE_REDELIVERED,
  ATTR_RABBITMQ_DELIVERY_TAG,
  ATTR_RABBITMQ_ROUTING_KEY,
  type Incoming,
  type Messaging,
  readIncoming,
} from '../messaging/index.ts';
import { consumerDestination } from './destination.ts';
import type { MessageLike } from './types.ts';

/** Beside the trace headers: when the message was published, in milliseconds since the epoch. */
export const sentAtHeader = 'mqtrace-sent-at';

/** From the first second of 2001 to the year 2286. */
const milliseconds = /^[1-9]\d{12}$/;

type Headers = Readonly<Record<string, unknown>>;

/**
 * What a received message carries, and what is said of it.
 *
 * @param queue - where it was received from; empty where that is not known.
 */
export function readMessage(messaging: Messaging, message: MessageLike, queue: string): Incoming {
  const { exchange, routingKey, deliveryTag } = message.fields;
  const { headers, messageId } = message.properties;
  const attributes: Attributes = { [ATTR_RABBITMQ_DELIVERY_TAG]: deliveryTag };
  if (routingKey) attributes[ATTR_RABBITMQ_ROUTING_KEY] = routingKey;
  if (typeof messageId === 'string') attributes[ATTR_MESSAGE_ID] = messageId;
  return readIncoming(messaging, amqpHeaders, headers as Headers | undefined, {
    destination: consumerDestination(exchange ?? '', routingKey ?? '', queue),
    attributes,
    sentAt: sentAt(message),
  });
}

/** What is told of a received message only on spans that are recorded. */
export function messageDetails(message: MessageLike, queue: string): Attributes {
  const details: Attributes = {};
  const { correlationId } = message.properties;
  if (typeof correlationId === 'string') details[ATTR_MESSAGE_CONVERSATION_ID] = correlationId;
  if (message.fields.redelivered) details[ATTR_MESSAGE_REDELIVERED] = true;
  const attempt = deliveryAttempt((message.properties.headers ?? {}) as Headers, queue);
  if (attempt !== undefined) details[ATTR_MESSAGE_DELIVERY_ATTEMPT] = attempt;
  return details;
}

function sentAt({ properties }: MessageLike): number | undefined {
  const header = (properties.headers as Headers | undefined)?.[sentAtHeader];
  if ((typeof header === 'string' || typeof header === 'number') && milliseconds.test(`${header}`)) {
    return Number(header);
  }
  // AMQP's timestamp is in seconds; many a Node program writes Date.now() there.
  const { timestamp } = properties;
  if (typeof timestamp !== 'number' || timestamp <= 0) return undefined;
  return milliseconds.test(`${timestamp}`) ? timestamp : timestamp * 1000;
}

/**
 * Which delivery this is, counted from 1: quorum queues count what came back to them (`x-delivery-count`), and a message that
 * passed through a dead-letter exchange and returned tells how often it left this queue so (`x-death`).
 */
function deliveryAttempt(headers: Headers, queue: string): number | undefined {
  const returned = headers['x-delivery-count'];
  let earlier = typeof returned === 'number' ? returned : undefined;
  const deaths = headers['x-death'];
  if (Array.isArray(deaths)) {
    for (const death of deaths as ({ queue?: unknown; count?: unknown } | null)[]) {
      if (queue !== '' && death?.queue === queue && typeof death.count === 'number') {
        earlier = (earlier ?? 0) + death.count;
      }
    }
  }
  return earlier === undefined ? undefined : earlier + 1;
}
