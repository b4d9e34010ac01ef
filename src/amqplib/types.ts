// Describes the used parts of amqplib structurally, so that no version of amqplib is imported. The types cover the promise API and
// the callback API.

/** The used part of a received message: amqplib's `Message`, `ConsumeMessage` or `GetMessage`. */
export interface MessageLike {
  readonly fields: {
    readonly deliveryTag: number;
    readonly exchange: string;
    readonly routingKey: string;
    readonly redelivered: boolean;
  };
  readonly properties: {
    readonly headers?: object | undefined;
    readonly contentType?: unknown;
    readonly correlationId?: unknown;
    readonly messageId?: unknown;
    readonly timestamp?: unknown;
  };
  readonly content?: unknown;
}

/** A `Channel` or `ConfirmChannel` of `amqplib` or `amqplib/callback_api`. */
export interface ChannelLike {
  publish(exchange: string, routingKey: string, content: Buffer, options?: object): boolean;
  sendToQueue(queue: string, content: Buffer, options?: object): boolean;
  consume(queue: string, onMessage: (message: unknown) => void, options?: object): unknown;
  get(queue: string, options?: object): unknown;
  ack(message: never, allUpTo?: boolean): unknown;
  ackAll(): unknown;
  nack(message: never, allUpTo?: boolean, requeue?: boolean): unknown;
  nackAll(requeue?: boolean): unknown;
  reject(message: never, requeue?: boolean): unknown;
  close(): unknown;
}

/**
 * The result of `connect` of `amqplib` or `amqplib/callback_api`: a `ChannelModel`, a `Connection` of the callback API, or a
 * recovering connection of either.
 */
export interface ConnectionLike {
  createChannel(options: never, callback: never): unknown;
  createConfirmChannel(options: never, callback: never): unknown;
  close(): unknown;
}
