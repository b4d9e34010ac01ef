// Defines the carrier and the attributes of one received message.
import type { Attributes, Context } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { amqpHeaders, type AmqpHeaders } from '../../carriers/index.ts';
import {
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_DEAD_LETTERED,
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  ATTR_MESSAGE_REDELIVERED,
  ATTR_RABBITMQ_DELIVERY_TAG,
  ATTR_RABBITMQ_ROUTING_KEY,
  deliverAtHeader,
  type DeliveryFacts,
  type Destination,
  type Incoming,
  type MessageContent,
  type Messaging,
  readTimeInHeader,
  Received,
  timeInHeader,
  waitsSince,
} from '../messaging/index.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { ExclusiveQueues } from './connection.ts';
import { consumerDestination } from './destination.ts';
import type { MessageLike } from './types.ts';

/** The header that holds the time of the publish, in milliseconds since the epoch. */
export const sentAtHeader = 'mqtrace-sent-at';

type Headers = Readonly<Record<string, unknown>>;

/** The same carrier with another name, so that the `cloudEvents` option finds no event in binary mode. */
const structuredEventHeaders: CarrierAdapter<AmqpHeaders> = { ...amqpHeaders, name: 'amqp-structured-event' };

/**
 * The carrier for a message of this content type. CloudEvents in structured mode have their attributes in the body; these are
 * authoritative, even if they are repeated as headers.
 */
export function carrierFor(contentType: unknown): CarrierAdapter<AmqpHeaders> {
  return typeof contentType === 'string' && contentType.trimStart().toLowerCase().startsWith('application/cloudevents')
    ? structuredEventHeaders
    : amqpHeaders;
}

/**
 * A received message: its context, and the data for its attributes. The message itself is not kept, because it may be large and
 * unsettled for a long time.
 */
class ReceivedMessage extends Received {
  readonly #carrier: CarrierAdapter<AmqpHeaders>;
  #headers: unknown;
  readonly #deliveryTag: number;
  readonly #routingKey: string | undefined;
  readonly #messageId: unknown;
  readonly #sentAt: unknown;
  readonly #deliverAt: unknown;
  readonly #timestamp: unknown;
  /** Kept only for options that look into messages. */
  readonly #content: MessageContent | undefined;

  constructor(
    messaging: Messaging,
    { fields, properties, content }: MessageLike,
    destination: Destination | undefined,
    context: Context | undefined,
  ) {
    const { headers, messageId, contentType, timestamp } = properties;
    super(messaging, destination, context);
    this.#carrier = carrierFor(contentType);
    this.#headers = headers;
    this.#deliveryTag = fields.deliveryTag;
    this.#routingKey = fields.routingKey;
    this.#messageId = messageId;
    this.#sentAt = (headers as Headers | undefined)?.[sentAtHeader];
    this.#deliverAt = (headers as Headers | undefined)?.[deliverAtHeader];
    this.#timestamp = timestamp;
    this.#content = messaging.content === undefined ? undefined : { headers, body: content };
    if (context === undefined) this.read();
    this.#headers = undefined;
  }

  protected extract(): Context {
    return this.messaging.extract(this.#carrier, this.#headers as AmqpHeaders);
  }

  override get content(): MessageContent | undefined {
    return this.#content;
  }

  readSentAt(into: Float64Array): void {
    readPublished(this.#sentAt, this.#timestamp, into);
    waitsSince(into, this.#deliverAt);
  }

  protected describe(): Attributes {
    return messageAttributes(this.#deliveryTag, this.#routingKey, this.#messageId);
  }
}

/** Stores when a message was published, or was to be delivered, in milliseconds since the epoch; NaN if unknown. */
export function readSentAt({ properties }: MessageLike, into: Float64Array): void {
  const headers = properties.headers as Headers | null | undefined;
  readPublished(headers?.[sentAtHeader], properties['timestamp'], into);
  waitsSince(into, headers?.[deliverAtHeader]);
}

/** @param sentAt - the value of {@link sentAtHeader}. */
function readPublished(sentAt: unknown, timestamp: unknown, into: Float64Array): void {
  if (readTimeInHeader(sentAt, into)) return;
  // AMQP's timestamp is in seconds, but many Node programs write Date.now() there.
  if (typeof timestamp !== 'number' || timestamp <= 0) into[0] = Number.NaN;
  else if (!readTimeInHeader(timestamp, into)) into[0] = timestamp * 1000;
}

/** The attributes of one received message. */
export function messageAttributes(tag: number, routingKey: string | undefined, messageId: unknown): Attributes {
  const attributes: Attributes = { [ATTR_RABBITMQ_DELIVERY_TAG]: tag };
  if (routingKey) attributes[ATTR_RABBITMQ_ROUTING_KEY] = routingKey;
  if (typeof messageId === 'string') attributes[ATTR_MESSAGE_ID] = messageId;
  return attributes;
}

/**
 * Reads the context of a received message, and the data for its attributes.
 *
 * @param queue - the queue from which it was received; empty if unknown.
 * @param exclusive - the exclusive queues of the connection.
 */
export function readMessage(
  messaging: Messaging,
  message: MessageLike,
  queue: string,
  exclusive?: ExclusiveQueues,
): Incoming {
  const { exchange, routingKey } = message.fields;
  return readFrom(messaging, message, consumerDestination(exchange ?? '', routingKey ?? '', queue, exclusive));
}

/**
 * As {@link readMessage}, for a known destination.
 *
 * @param context - what {@link keptContext} has returned.
 */
export function readFrom(
  messaging: Messaging,
  message: MessageLike,
  destination: Destination | undefined,
  context?: Context,
): Incoming {
  return new ReceivedMessage(messaging, message, destination, context);
}

/** The context of a message in a common form, if it is processed in this context unless it has a span; else undefined. */
export function keptContext(messaging: Messaging, { properties }: MessageLike): Context | undefined {
  if (!messaging.alwaysContinues) return undefined;
  return messaging.extractPlain(carrierFor(properties.contentType), properties.headers as AmqpHeaders | undefined);
}

/** `messaging.message.conversation_id`. */
export function conversationOf(message: Partial<MessageLike> | undefined): string | undefined {
  const correlationId = message?.properties?.correlationId;
  return typeof correlationId === 'string' ? correlationId : undefined;
}

/**
 * The attributes of a received message that only recorded spans have, to be read if one records; undefined for most messages,
 * which have none.
 */
export function detailsOf(message: MessageLike, queue: string): (() => Attributes) | undefined {
  const { fields, properties } = message;
  const headers = properties.headers as Headers | null | undefined;
  const isPlain =
    !fields.redelivered &&
    typeof properties['correlationId'] !== 'string' &&
    headers?.['x-death'] === undefined &&
    headers?.['x-delivery-count'] === undefined;
  return isPlain ? undefined : () => messageDetails(message, queue);
}

/** @internal */
export function messageDetails(message: MessageLike, queue: string): Attributes {
  const details: Attributes = {};
  const conversation = conversationOf(message);
  if (conversation !== undefined) details[ATTR_MESSAGE_CONVERSATION_ID] = conversation;
  if (message.fields.redelivered) details[ATTR_MESSAGE_REDELIVERED] = true;
  const headers = (message.properties.headers ?? {}) as Headers;
  const attempt = deliveryAttempt(headers, queue);
  if (attempt !== undefined) details[ATTR_MESSAGE_DELIVERY_ATTEMPT] = attempt;
  if (Array.isArray(headers['x-death']) && !isScheduled(headers)) details[ATTR_MESSAGE_DEAD_LETTERED] = true;
  return details;
}

/** The broker's information about a delivery, for metrics; undefined if there is none, and without a metrics reader. */
export function deliveryFacts({ fields, properties }: MessageLike, queue: string): DeliveryFacts | undefined {
  if (metricsEpoch() === 0) return undefined;
  const headers = properties.headers as Headers | undefined;
  const { redelivered } = fields;
  if (!redelivered && headers?.['x-death'] === undefined && headers?.['x-delivery-count'] === undefined) {
    return undefined;
  }
  return {
    attempt: deliveryAttempt(headers ?? {}, queue),
    redelivered,
    deadLettered: Array.isArray(headers?.['x-death']),
    scheduled: isScheduled(headers),
  };
}

/**
 * Whether a message was dead-lettered only once, because it expired in the queue in which it was to wait until its
 * delivery time.
 */
function isScheduled(headers: Headers | undefined): boolean {
  const deaths = headers?.['x-death'];
  if (!Array.isArray(deaths) || deaths.length !== 1 || timeInHeader(headers?.[deliverAtHeader]) === undefined)
    return false;
  const [death] = deaths as [{ count?: unknown; reason?: unknown } | null];
  return death?.count === 1 && death.reason === 'expired';
}

/**
 * The number of the delivery, counted from 1. Quorum queues count returns (`x-delivery-count`). Dead-letter exchanges count how
 * often the message has left this queue (`x-death`).
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
