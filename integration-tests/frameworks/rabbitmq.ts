// The broker of the tests of libraries on top of RabbitMQ, seen through amqplib without tracing.
import { type Channel, type ChannelModel, connect, type GetMessage } from 'amqplib';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { type TcpProxy, tcpProxy } from '../../test-support/tcp-proxy.ts';

export interface Broker {
  readonly url: URL;
  /** A new queue, deleted soon after the test. */
  readonly newQueue: () => Promise<string>;
  /** A proxy in front of the broker. */
  readonly newProxy: () => Promise<TcpProxy>;
  /** Waits for the next message of a queue. */
  readonly next: (queue: string) => Promise<GetMessage>;
}

export function useBroker(): Broker {
  const url = new URL(inject('amqpUrl'));
  let raw: ChannelModel | undefined;
  let looker: Channel;
  beforeAll(async () => {
    raw = await connect(url.href);
    looker = await raw.createChannel();
  });
  afterAll(() => raw?.close());
  return {
    url,
    async newQueue() {
      const { queue } = await looker.assertQueue(uniqueName('q'), { durable: false, expires: 120_000 });
      return queue;
    },
    async newProxy() {
      const proxy = await tcpProxy(url.hostname, Number(url.port || 5672));
      onTestFinished(() => proxy.close());
      return proxy;
    },
    async next(queue) {
      for (;;) {
        const message = await looker.get(queue, { noAck: true });
        if (message !== false) return message;
      }
    },
  };
}
