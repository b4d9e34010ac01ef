// Splits the attributes of a batch into those of all messages and those of each message.
import type { Attributes, AttributeValue, Link, SpanContext } from '@opentelemetry/api';
import type { Destination } from './operation.ts';
import {
  ATTR_DESTINATION_NAME,
  ATTR_DESTINATION_PARTITION_ID,
  ATTR_KAFKA_MESSAGE_KEY,
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_RABBITMQ_ROUTING_KEY,
} from './semconv.ts';

/** One message of a batch. */
export interface BatchMessage {
  readonly destination?: Destination | undefined;
  readonly attributes?: Attributes | undefined;
}

/** A message of a batch with its creation context. */
export interface LinkedMessage extends BatchMessage {
  readonly creation: SpanContext | undefined;
}

/** The destination of all messages; undefined if they differ. */
export function sharedDestination(messages: readonly BatchMessage[]): Destination | undefined {
  const first = messages[0]?.destination;
  for (let at = 1; at < messages.length; at++) {
    const { destination } = messages[at]!;
    if (destination !== first && destination?.name !== first?.name) return undefined;
  }
  return first;
}

/**
 * Attributes that describe a batch if they are equal for all its messages. Others, such as offsets and ids, identify one message.
 */
const shareable = [
  ATTR_DESTINATION_PARTITION_ID,
  ATTR_KAFKA_MESSAGE_KEY,
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_RABBITMQ_ROUTING_KEY,
  ATTR_MESSAGE_CONVERSATION_ID,
];

/** The attributes that all messages have with the same value: they are set on the span of the batch as well. */
export function sharedAttributes(messages: readonly BatchMessage[]): Attributes {
  const shared: Attributes = {};
  const first = messages[0]?.attributes;
  if (first === undefined) return shared;
  for (let each = 0; each < shareable.length; each++) {
    const name = shareable[each]!;
    const value = first[name];
    if (value !== undefined && haveAll(messages, name, value)) shared[name] = value;
  }
  return shared;
}

function haveAll(messages: readonly BatchMessage[], name: string, value: AttributeValue): boolean {
  for (let at = 1; at < messages.length; at++) if (messages[at]!.attributes?.[name] !== value) return false;
  return true;
}

/**
 * The link to one message of a batch.
 *
 * @param withDestination - whether the link names the destination, if the span cannot.
 */
export function messageLink(
  context: SpanContext,
  { attributes, destination }: BatchMessage,
  withDestination: boolean,
): Link {
  const link: Link = { context };
  if (withDestination && destination !== undefined) {
    link.attributes = Object.assign({ [ATTR_DESTINATION_NAME]: destination.name }, attributes);
  } else if (attributes !== undefined) {
    link.attributes = attributes;
  }
  return link;
}

/** The links of a batch. A message without a creation context cannot be linked, but is included in the message count. */
export function linksTo(incoming: readonly LinkedMessage[], withDestination: boolean): Link[] {
  const links: Link[] = [];
  for (const message of incoming) {
    const { creation } = message;
    if (creation === undefined) continue;
    links.push(messageLink(creation, message, withDestination));
  }
  return links;
}
