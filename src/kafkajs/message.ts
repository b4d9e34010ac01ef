// Defines the carrier and the attributes of one Kafka message.
import { isUtf8 } from 'node:buffer';
import type { Attributes, Context } from '@opentelemetry/api';
import { kafkaHeaders, type KafkaHeaders } from '../../carriers/index.ts';
import { parseDigits } from '../common/digits.ts';
import {
  ATTR_DESTINATION_PARTITION_ID,
  ATTR_KAFKA_MESSAGE_KEY,
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_KAFKA_OFFSET,
  deliverAtHeader,
  type Destination,
  type MessageContent,
  type MessageSource,
  type Outgoing,
  Received,
  waitsSince,
} from '../messaging/index.ts';
import type { KafkaMessageLike, OutgoingMessage } from './types.ts';

/** Longer keys are omitted: they are rarely used for search, and keys of received messages are untrusted. */
const keyByteLimit = 1024;

/** A received message and its source. */
export class ReceivedMessage extends Received {
  readonly source: MessageSource;
  readonly #message: KafkaMessageLike;

  constructor(message: KafkaMessageLike, source: MessageSource, context?: Context) {
    super(source.messaging, source.destination, context);
    this.source = source;
    this.#message = message;
  }

  protected extract(): Context {
    return this.messaging.extract(kafkaHeaders, this.#message.headers);
  }

  readSentAt(into: Float64Array): void {
    readSentAt(this.#message, into);
  }

  override get content(): MessageContent {
    return { headers: this.#message.headers, body: this.#message.value, key: this.#message.key };
  }

  protected describe(): Attributes {
    return receivedAttributes(this.#message);
  }
}

/** Stores the time of sending, or of intended delivery, in milliseconds since the epoch; NaN if unknown. */
export function readSentAt(message: KafkaMessageLike, into: Float64Array): void {
  readTimestamp(message, into);
  waitsSince(into, (message.headers as Record<string, unknown> | undefined)?.[deliverAtHeader]);
}

/** The attributes of a received message. */
export function receivedAttributes(message: KafkaMessageLike): Attributes {
  const attributes = contentAttributes(message);
  const offset = offsetNumber(message.offset);
  if (offset !== undefined) attributes[ATTR_KAFKA_OFFSET] = offset;
  return attributes;
}

/** Describes a message to send for `startSending`. Unknown shapes are passed through, so that kafkajs reports its own error. */
export function outgoing(destination: Destination, message: OutgoingMessage): Outgoing<KafkaHeaders> {
  if (typeof message !== 'object' || message === null)
    return { destination, headers: undefined, readOnlyHeaders: true };
  const attributes = contentAttributes(message);
  const partition = partitionId(message.partition);
  if (partition !== undefined) attributes[ATTR_DESTINATION_PARTITION_ID] = partition;
  const { headers, key, value } = message;
  return { destination, headers, attributes, body: value, key, readOnlyHeaders: !takesHeaders(message) };
}

/** Whether headers can be written for a message to be sent. */
export function takesHeaders(message: OutgoingMessage): boolean {
  if (typeof message !== 'object' || message === null || message.value === undefined) return false;
  const { headers } = message;
  return headers === undefined || (typeof headers === 'object' && headers !== null && !Array.isArray(headers));
}

/**
 * A copy with other headers. Inherited properties, such as class accessors, are copied by name. V8 is slow at adding a property
 * after a spread, so `headers` precedes it and is assigned afterwards.
 */
export function withHeaders(message: OutgoingMessage, headers: KafkaHeaders): OutgoingMessage {
  const copy: Writable<OutgoingMessage> = { headers, ...message };
  if (copy.key === undefined && message.key !== undefined) copy.key = message.key;
  if (copy.value === undefined) copy.value = message.value;
  if (copy.partition === undefined && message.partition !== undefined) copy.partition = message.partition;
  if (copy.timestamp === undefined && message.timestamp !== undefined) copy.timestamp = message.timestamp;
  copy.headers = headers;
  return copy;
}

/** @internal */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Partition ids are strings in the conventions. */
export function partitionId(partition: unknown): string | undefined {
  return typeof partition === 'number' && Number.isInteger(partition) && partition >= 0 ? String(partition) : undefined;
}

/** Offsets are 64-bit integers in Kafka, and strings in kafkajs; undefined if a number cannot represent one exactly. */
export function offsetNumber(offset: unknown): number | undefined {
  if (typeof offset !== 'string' || !/^\d{1,16}$/.test(offset)) return undefined;
  const number = Number(offset);
  return Number.isSafeInteger(number) ? number : undefined;
}

/**
 * Stores the timestamp of a message in milliseconds since the epoch, usually the time of sending. Messages of the oldest format have
 * none, or -1: then it is NaN.
 */
export function readTimestamp({ timestamp }: KafkaMessageLike, into: Float64Array): void {
  if (typeof timestamp !== 'string' || !parseDigits(timestamp, timestamp.length, into)) into[0] = Number(timestamp);
  if (!(into[0]! > 0)) into[0] = Number.NaN;
}

function contentAttributes(message: { readonly key?: unknown; readonly value?: unknown }): Attributes {
  const attributes: Attributes = {};
  const key = keyText(message.key);
  if (key !== undefined) attributes[ATTR_KAFKA_MESSAGE_KEY] = key;
  if (message.value === null) attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE] = true;
  return attributes;
}

/** A key as text; undefined if it has no canonical text form. */
function keyText(key: unknown): string | undefined {
  if (typeof key === 'string') return key.length <= keyByteLimit ? key : undefined;
  if (!Buffer.isBuffer(key) || key.length > keyByteLimit || !isUtf8(key)) return undefined;
  return key.toString('utf8');
}
