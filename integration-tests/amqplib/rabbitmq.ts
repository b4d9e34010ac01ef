import { type Channel, type ChannelModel, connect, type ConsumeMessage, type GetMessage } from 'amqplib';
import { type TraceAmqplibOptions, traceConnection } from 'mqtrace/amqplib';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { type Recording, recordSpans } from '../../test-support/spans.ts';

/** A traced and a raw connection for the tests of a file. */
export interface RabbitMQ {
  url: string;
  /** The spans of the traced connection, cleared before each test. */
  recording: Recording;
  traced: ChannelModel;
  raw: ChannelModel;
  /** A raw channel to inspect the broker. */
  looker: Channel;
  /** A new queue, deleted soon after the test. */
  queue(options?: { name?: string; arguments?: object; maxLength?: number; messageTtl?: number }): Promise<string>;
  exchange(type: 'direct' | 'topic' | 'fanout'): Promise<string>;
  /** The next message of a queue, read by the raw client. */
  read(queue: string): Promise<GetMessage>;
}

export function useRabbitMQ(options: TraceAmqplibOptions = {}): RabbitMQ {
  const url = inject('amqpUrl');
  const recording = recordSpans();
  const rabbit = { url, recording } as RabbitMQ;
  beforeAll(async () => {
    rabbit.traced = traceConnection(await connect(url), {
      tracerProvider: recording.tracerProvider,
      ...options,
    });
    rabbit.raw = await connect(url);
    rabbit.looker = await rabbit.raw.createChannel();
  });
  beforeEach(() => recording.clear());
  afterAll(async () => {
    await rabbit.traced?.close();
    await rabbit.raw?.close();
  });
  rabbit.queue = async ({ name = uniqueName('q'), ...given } = {}) => {
    const { queue } = await rabbit.looker.assertQueue(name, { durable: false, expires: 120_000, ...given });
    return queue;
  };
  rabbit.exchange = async (type) => {
    const name = uniqueName('x');
    await rabbit.looker.assertExchange(name, type, { durable: false, autoDelete: true });
    return name;
  };
  rabbit.read = (queue) => firstOf(rabbit.looker, queue);
  return rabbit;
}

/** Waits for the first message of a queue on a raw channel. */
async function firstOf(channel: Channel, queue: string): Promise<GetMessage> {
  const { promise, resolve } = withResolvers<ConsumeMessage>();
  await channel.prefetch(1);
  const { consumerTag } = await channel.consume(queue, (message) => message && resolve(message));
  const message = await promise;
  await channel.cancel(consumerTag);
  channel.ack(message);
  return message as unknown as GetMessage;
}

/** A promise and the function that resolves it (Node 20 has no `Promise.withResolvers`). */
export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}

/** A handler that returns a promise, as most do; amqplib's types only allow handlers that return nothing. */
export function asyncHandler(
  handler: (message: ConsumeMessage) => Promise<void>,
): (message: ConsumeMessage | null) => void {
  return handler as (message: ConsumeMessage | null) => void;
}

/** Calls a method with arguments that its types do not allow. */
export function callUntyped(channel: Channel, method: string, args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(channel, method) as (...all: unknown[]) => unknown, channel, args);
}
