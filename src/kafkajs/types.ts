// The clients' shapes as far as they are needed, so that no client is imported by what is published. Parameters are `never`: any
// client's own types fit, and the wrapped object keeps them.
import type { KafkaHeaders } from '../../carriers/index.ts';

/** What makes events: kafkajs' `on` and `events`. */
interface EmitterLike {
  readonly events?: object | undefined;
  on?(eventName: never, listener: never): unknown;
}

/** A kafkajs `Kafka`, or what has its methods. */
export interface KafkaLike {
  producer(config?: never): ProducerLike;
  consumer(config: never): ConsumerLike;
}

/** A kafkajs `Producer`, or what has its methods. */
export interface ProducerLike extends EmitterLike {
  send(record: never): Promise<unknown>;
  sendBatch(batch: never): Promise<unknown>;
  transaction?(): Promise<unknown>;
}

/** A kafkajs `Consumer`, or what has its methods. */
export interface ConsumerLike extends EmitterLike {
  run(config?: never): Promise<unknown>;
  commitOffsets?(topicPartitions: never): Promise<unknown>;
}

/** A received message: kafkajs' `KafkaMessage`, or what has its properties. */
export interface KafkaMessageLike {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: object | undefined;
  readonly offset?: string | undefined;
  readonly timestamp?: string | undefined;
}

/** A message to be sent. What the application gives may be anything, so all is checked before use. @internal */
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

/** What `send` takes. @internal */
export interface ProducerRecord extends TopicMessages {
  acks?: unknown;
  timeout?: unknown;
  compression?: unknown;
}

/** What `sendBatch` takes. @internal */
export interface ProducerBatch {
  topicMessages: readonly TopicMessages[];
  acks?: unknown;
  timeout?: unknown;
  compression?: unknown;
}

/** One entry of what a send resolves to. @internal */
export interface RecordMetadata {
  partition?: unknown;
  baseOffset?: unknown;
  offset?: unknown;
}
