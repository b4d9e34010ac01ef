// The parts of amqplib's objects that are used, structurally, so that no version of amqplib is imported. One description serves the API
// of promises and the one of callbacks.

/** What is used of a received message; amqplib's `Message`, `ConsumeMessage` and `GetMessage` are such. */
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
 * What `connect` of `amqplib` or `amqplib/callback_api` gives: a `ChannelModel`, a `Connection` of the callback API, or a recovering
 * connection of either.
 */
export interface ConnectionLike {
  createChannel(options: never, callback: never): unknown;
  createConfirmChannel(options: never, callback: never): unknown;
  close(): unknown;
}
