// Attribute names of the semantic conventions, and their older names.
import type { Attributes } from '@opentelemetry/api';

// Names of the OpenTelemetry messaging conventions as of the npm package @opentelemetry/semantic-conventions 1.45.0 (status:
// Development). They are written out here, because a dependency's rename would otherwise change what users' dashboards read.
export const ATTR_SYSTEM = 'messaging.system.name';
export const ATTR_OPERATION_NAME = 'messaging.operation.name';
export const ATTR_OPERATION_TYPE = 'messaging.operation.type';
export const ATTR_DESTINATION_NAME = 'messaging.destination.name';
export const ATTR_DESTINATION_TEMPLATE = 'messaging.destination.template';
export const ATTR_DESTINATION_ANONYMOUS = 'messaging.destination.anonymous';
export const ATTR_DESTINATION_TEMPORARY = 'messaging.destination.temporary';
export const ATTR_DESTINATION_PARTITION_ID = 'messaging.destination.partition.id';
export const ATTR_CONSUMER_GROUP_NAME = 'messaging.consumer.group.name';
export const ATTR_CLIENT_ID = 'messaging.client.id';
export const ATTR_BATCH_MESSAGE_COUNT = 'messaging.batch.message_count';
export const ATTR_MESSAGE_ID = 'messaging.message.id';
export const ATTR_MESSAGE_CONVERSATION_ID = 'messaging.message.conversation_id';
export const ATTR_SERVER_ADDRESS = 'server.address';
export const ATTR_SERVER_PORT = 'server.port';
export const ATTR_NETWORK_PEER_ADDRESS = 'network.peer.address';
export const ATTR_NETWORK_PEER_PORT = 'network.peer.port';
export const ATTR_ERROR_TYPE = 'error.type';
export const ATTR_KAFKA_MESSAGE_KEY = 'kafka.message.key';
export const ATTR_KAFKA_MESSAGE_TOMBSTONE = 'kafka.message.tombstone';
export const ATTR_KAFKA_OFFSET = 'kafka.offset';
export const ATTR_RABBITMQ_ROUTING_KEY = 'rabbitmq.destination.routing_key';
export const ATTR_RABBITMQ_DELIVERY_TAG = 'rabbitmq.message.delivery_tag';

// The conventions have no name for these yet.
/** Seconds between sending and the start of processing. */
export const ATTR_MESSAGE_AGE = 'mqtrace.message.age';
/** The age of a message that was received before it was sent, by the clocks of the two machines: negative seconds. */
export const ATTR_MESSAGE_CLOCK_SKEW = 'mqtrace.message.clock_skew';
/** Bytes of the baggage that a message carries, where it is 1024 or more. */
export const ATTR_BAGGAGE_SIZE = 'mqtrace.baggage.size';
/** How often the message has been delivered, this time included; only where the broker tells. */
export const ATTR_MESSAGE_DELIVERY_ATTEMPT = 'mqtrace.message.delivery_attempt';
/** True where the broker marks the message as delivered before. */
export const ATTR_MESSAGE_REDELIVERED = 'mqtrace.message.redelivered';
/** Seconds between the first message of a pipeline and the start of processing. */
export const ATTR_PIPELINE_AGE = 'mqtrace.pipeline.age';
/** Messages from the start of a pipeline to here. */
export const ATTR_PIPELINE_HOPS = 'mqtrace.pipeline.hops';
/** The name of a pipeline, if it has one that is believed; else `_OTHER`. */
export const ATTR_PIPELINE_NAME = 'mqtrace.pipeline.name';
/** On the further spans of an operation whose links exceed the limit of one span: the number of the part, counted from 1. */
export const ATTR_LINKS_PART = 'mqtrace.links.part';

/**
 * Which names the attributes get: the newest; those of version 1.30 of the conventions (and of most versions up to 1.44); or both.
 */
export type SemconvVersion = 'latest' | 'dup' | '1.30';

/**
 * The schemas of the versions; where both names are given, that of the newest. Each release of the conventions publishes its schema
 * under its own number, and the npm package from which the names are taken has the number of that release.
 */
export const schemaUrls: Readonly<Record<SemconvVersion, string>> = {
  latest: 'https://opentelemetry.io/schemas/1.45.0',
  dup: 'https://opentelemetry.io/schemas/1.45.0',
  '1.30': 'https://opentelemetry.io/schemas/1.30.0',
};

const namesOf130: Readonly<Record<string, string>> = {
  [ATTR_SYSTEM]: 'messaging.system',
  [ATTR_KAFKA_MESSAGE_KEY]: 'messaging.kafka.message.key',
  [ATTR_KAFKA_MESSAGE_TOMBSTONE]: 'messaging.kafka.message.tombstone',
  [ATTR_KAFKA_OFFSET]: 'messaging.kafka.offset',
  [ATTR_RABBITMQ_ROUTING_KEY]: 'messaging.rabbitmq.destination.routing_key',
  [ATTR_RABBITMQ_DELIVERY_TAG]: 'messaging.rabbitmq.message.delivery_tag',
};

/** Attributes of the newest names, under the names of the version asked for. */
export function toVersion(attributes: Attributes, version: SemconvVersion): Attributes {
  if (version === 'latest') return attributes;
  const renamed: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    const old = namesOf130[name];
    if (old === undefined || version === 'dup') renamed[name] = value;
    if (old !== undefined) renamed[old] = value;
  }
  return renamed;
}

/** `OTEL_SEMCONV_STABILITY_OPT_IN` as the conventions define it: `messaging/dup` wins over `messaging`; else undefined. */
export function semconvFromEnvironment(
  value: string | undefined = process.env['OTEL_SEMCONV_STABILITY_OPT_IN'],
): SemconvVersion | undefined {
  const opted = new Set((value ?? '').split(',').map((item) => item.trim()));
  if (opted.has('messaging/dup')) return 'dup';
  return opted.has('messaging') ? 'latest' : undefined;
}
