// Defines the attribute names of the semantic conventions, and their older names.
import type { Attributes } from '@opentelemetry/api';

// Names of the OpenTelemetry messaging conventions as of the npm package @opentelemetry/semantic-conventions 1.45.0 (status:
// Development). They are copied here, so that a renamed constant in a dependency does not change the attributes that dashboards
// use.
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
export const ATTR_MESSAGE_BODY_SIZE = 'messaging.message.body.size';
export const ATTR_MESSAGE_CONVERSATION_ID = 'messaging.message.conversation_id';
export const ATTR_SERVER_ADDRESS = 'server.address';
export const ATTR_SERVER_PORT = 'server.port';
export const ATTR_NETWORK_PEER_ADDRESS = 'network.peer.address';
export const ATTR_NETWORK_PEER_PORT = 'network.peer.port';
/** The name of the called end of a span, by which Collectors and back ends name what has no spans of its own. */
export const ATTR_PEER_SERVICE = 'peer.service';
export const ATTR_ERROR_TYPE = 'error.type';
export const ATTR_KAFKA_MESSAGE_KEY = 'kafka.message.key';
export const ATTR_KAFKA_MESSAGE_TOMBSTONE = 'kafka.message.tombstone';
export const ATTR_KAFKA_OFFSET = 'kafka.offset';
export const ATTR_KAFKA_CLUSTER_ID = 'kafka.cluster.id';
export const ATTR_RABBITMQ_ROUTING_KEY = 'rabbitmq.destination.routing_key';
export const ATTR_RABBITMQ_DELIVERY_TAG = 'rabbitmq.message.delivery_tag';

// The conventions do not define names for these yet.
/** Seconds between sending and the start of processing. */
export const ATTR_MESSAGE_AGE = 'mqtrace.message.age';
/** The negative age, in seconds, of a message that was received before it was sent, by the clocks of the two machines. */
export const ATTR_MESSAGE_CLOCK_SKEW = 'mqtrace.message.clock_skew';
/** The size of a message's baggage in bytes, if it is 1024 or more. */
export const ATTR_BAGGAGE_SIZE = 'mqtrace.baggage.size';
/** The number of deliveries of the message, including this one; only if the broker reports it. */
export const ATTR_MESSAGE_DELIVERY_ATTEMPT = 'mqtrace.message.delivery_attempt';
/** Seconds between the publish of a request and the start of processing its reply. */
export const ATTR_REQUEST_DURATION = 'mqtrace.request.duration';
/** True if the broker marks the message as redelivered. */
export const ATTR_MESSAGE_REDELIVERED = 'mqtrace.message.redelivered';
/** True if the message comes from a dead-letter exchange; not if that was only its delay. */
export const ATTR_MESSAGE_DEAD_LETTERED = 'mqtrace.message.dead_lettered';
/** True if a settlement tells the broker not to deliver the message again: it is dropped or dead-lettered. */
export const ATTR_MESSAGE_REJECTED = 'mqtrace.message.rejected';
/** Seconds between the first message of a pipeline and the start of processing. */
export const ATTR_PIPELINE_AGE = 'mqtrace.pipeline.age';
/** The number of messages from the start of the pipeline to this one. */
export const ATTR_PIPELINE_HOPS = 'mqtrace.pipeline.hops';
/** The name of the pipeline, if it has an accepted one; else `_OTHER`. */
export const ATTR_PIPELINE_NAME = 'mqtrace.pipeline.name';
/** On the additional spans of an operation with more links than one span may have: the number of the part, counted from 1. */
export const ATTR_LINKS_PART = 'mqtrace.links.part';

/**
 * The version of attribute names: the newest; version 1.30 of the conventions (also used by most versions up to 1.44); or both.
 */
export type SemconvVersion = 'latest' | 'dup' | '1.30';

/**
 * The schema URLs of the versions; for both names, that of the newest. Each release of the conventions has a schema URL with its
 * version, which is also the version of the npm package with the names.
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
  [ATTR_KAFKA_CLUSTER_ID]: 'messaging.kafka.cluster.id',
  [ATTR_RABBITMQ_ROUTING_KEY]: 'messaging.rabbitmq.destination.routing_key',
  [ATTR_RABBITMQ_DELIVERY_TAG]: 'messaging.rabbitmq.message.delivery_tag',
};

/** Renames attributes with the newest names to those of the selected version. */
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
