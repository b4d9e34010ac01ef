// Describes the used parts of kafkajs structurally, so that the published package does not import a client. Parameters are `never`,
// so that the types of every version fit, and the wrapped object keeps its type.
import type { KafkaHeaders } from '../../carriers/index.ts';

/** An object with events: kafkajs' `on` and `events`. */
interface EmitterLike {
  readonly events?: object | undefined;
  on?(eventName: never, listener: never): unknown;
}

/** A kafkajs `Kafka`, or an object with its methods. */
export interface KafkaLike {
  producer(config?: never): ProducerLike;
  consumer(config: never): ConsumerLike;
}

/** A kafkajs `Producer`, or an object with its methods. */
export interface ProducerLike extends EmitterLike {
  send(record: never): Promise<unknown>;
  sendBatch(batch: never): Promise<unknown>;
  transaction?(): Promise<unknown>;
}

/** A kafkajs `Consumer`, or an object with its methods. */
export interface ConsumerLike extends EmitterLike {
  run(config?: never): Promise<unknown>;
  commitOffsets?(topicPartitions: never): Promise<unknown>;
}

/** A received message: kafkajs' `KafkaMessage`, or an object with its properties. */
export interface KafkaMessageLike {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: object | undefined;
  readonly offset?: string | undefined;
  readonly timestamp?: string | undefined;
}

/** A message to send. The application may pass any value, so it is checked before use. @internal */
export interface OutgoingMessage {
  key?: unknown;
  value?: unknown;
  partition?: unknown;
  timestamp?: unknown;
  headers?: KafkaHeaders | null | undefined;
}

/** @internal */
export interface TopicMessages {
  topic: string;
  messages: readonly OutgoingMessage[];
}

/** The argument of `send`. @internal */
export interface ProducerRecord extends TopicMessages {
  acks?: unknown;
  timeout?: unknown;
  compression?: unknown;
}

/** The argument of `sendBatch`. @internal */
export interface ProducerBatch {
  topicMessages: readonly TopicMessages[];
  acks?: unknown;
  timeout?: unknown;
  compression?: unknown;
}

/** One entry of the result of a send. @internal */
export interface RecordMetadata {
  partition?: unknown;
  baseOffset?: unknown;
  offset?: unknown;
}
