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
    readonly correlationId?: unknown;
    readonly messageId?: unknown;
    readonly timestamp?: unknown;
  };
}

/** What is used of a channel of amqplib's promise API; a `ConfirmChannel` is one, too. */
export interface ChannelLike {
  publish(exchange: string, routingKey: string, content: Buffer, options?: object): boolean;
  sendToQueue(queue: string, content: Buffer, options?: object): boolean;
  consume(queue: string, onMessage: (message: unknown) => void, options?: object): Promise<{ consumerTag: string }>;
  get(queue: string, options?: object): Promise<object | false>;
  ack(message: never, allUpTo?: boolean): void;
  ackAll(): void;
  nack(message: never, allUpTo?: boolean, requeue?: boolean): void;
  nackAll(requeue?: boolean): void;
  reject(message: never, requeue?: boolean): void;
  close(): Promise<void>;
}

/** What is used of a connection of amqplib's promise API: a `ChannelModel`, or the model that `connect(url, { recovery })` gives. */
export interface ConnectionLike {
  createChannel(options?: object): Promise<ChannelLike>;
  createConfirmChannel(options?: object): Promise<ChannelLike>;
  close(): Promise<void>;
}
