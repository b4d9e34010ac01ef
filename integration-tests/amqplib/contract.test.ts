import {
  type Channel,
  type ConfirmChannel,
  connect,
  type ConsumeMessage,
  IllegalOperationError,
  type Options,
} from 'amqplib';
import { processMessage, traceConnection } from 'mqtrace/amqplib';
import { describe, inject } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import type {
  ReceiveShape,
  SendShape,
  WireMessage,
  WrapperSubject,
} from '../../test-support/wrapper-contract/subject.ts';
import { uniqueName } from '../../test-support/inputs.ts';

const bodyOf = (message: { content: Buffer }): string => message.content.toString();
const optionsOf = (headers?: Readonly<Record<string, string>>): Options.Publish =>
  headers === undefined ? {} : { headers: { ...headers } };

/** Runs something on a connection that nothing wraps, and closes it. */
async function onRaw<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(inject('amqpUrl'));
  try {
    return await work(await connection.createConfirmChannel());
  } finally {
    await connection.close();
  }
}

/** A shape whose call publishes each body on its own. */
function shape(call: (queue: string, content: Buffer, options: Options.Publish) => unknown): SendShape {
  return {
    fewest: 1,
    comparable: (result) => result,
    input: (queue, bodies, headers) => bodies.map((body) => [queue, Buffer.from(body), optionsOf(headers)]),
    call: (input) => (input as [string, Buffer, Options.Publish][]).map((each) => call(...each)).at(-1),
  };
}

function sendShapes(channel: Channel, confirms: ConfirmChannel): Record<string, SendShape> {
  return {
    publish: shape((queue, content, options) => channel.publish('', queue, content, options)),
    sendToQueue: shape((queue, content, options) => channel.sendToQueue(queue, content, options)),
    'publish with confirm': shape(
      (queue, content, options) =>
        new Promise((resolve, reject) => {
          confirms.publish('', queue, content, options, (error: unknown) =>
            error === null ? resolve('confirmed') : reject(error),
          );
        }),
    ),
    'publish and waitForConfirms': shape((queue, content, options) => {
      confirms.publish('', queue, content, options);
      return confirms.waitForConfirms();
    }),
  };
}

function receiveShapes(newChannel: () => Promise<Channel>): Record<string, ReceiveShape> {
  /** amqplib calls the handler, whose promise it ignores. */
  const consume = (
    options: Options.Consume,
    handle: (channel: Channel, message: ConsumeMessage, handler: (body: string) => unknown) => Promise<void>,
  ): ReceiveShape => ({
    async start(queue, handler) {
      const channel = await newChannel();
      await channel.prefetch(1);
      let last: unknown;
      const consumer = (message: ConsumeMessage | null): unknown =>
        message &&
        (last = handle(channel, message, handler).catch((error: unknown) => {
          // A message whose channel was closed under its handler cannot be acknowledged any more.
          if (!(error instanceof IllegalOperationError)) throw error;
        }));
      await channel.consume(queue, consumer, options);
      return {
        async stop(): Promise<void> {
          await last;
          await channel.close();
        },
      };
    },
  });
  return {
    'consume with ack': consume({}, async (channel, message, handler) => {
      await handler(bodyOf(message));
      channel.ack(message);
    }),
    'consume without ack': {
      async start(queue, handler) {
        const channel = await newChannel();
        // Without acknowledgements nothing holds the next message back: the handlers run one after the other all the same.
        let last: Promise<unknown> = Promise.resolve();
        const consumer = (message: ConsumeMessage | null): void => {
          if (message) last = last.then(() => processMessage(message, () => handler(bodyOf(message))));
        };
        await channel.consume(queue, consumer, { noAck: true });
        return { stop: () => channel.close() };
      },
    },
    'get with processMessage': {
      async start(queue, handler) {
        const channel = await newChannel();
        const state = { stopped: false };
        const loop = (async (): Promise<void> => {
          while (!state.stopped) {
            const message = await channel.get(queue);
            if (message === false) {
              await new Promise((resolve) => setTimeout(resolve, 5));
              continue;
            }
            await processMessage(message, async () => void (await handler(bodyOf(message))));
            channel.ack(message);
          }
        })();
        return {
          async stop(): Promise<void> {
            state.stopped = true;
            await loop;
            await channel.close();
          },
        };
      },
    },
  };
}

const subject: WrapperSubject = {
  client: 'amqplib',
  async open(options) {
    const root = await connect(inject('amqpUrl'));
    const connection = options === undefined ? root : traceConnection(root, options);
    const [channel, confirms] = [await connection.createChannel(), await connection.createConfirmChannel()];
    return {
      root,
      sends: sendShapes(channel, confirms),
      receives: receiveShapes(() => connection.createChannel()),
      newDestination: () =>
        onRaw(async (looker) => {
          const name = uniqueName('contract');
          return (await looker.assertQueue(name, { durable: false, expires: 120_000 })).queue;
        }),
      wrongCalls: (queue) => ({
        'a body that is no buffer': () => channel.sendToQueue(queue, 'text' as never),
        'no body': () => channel.publish('', queue, undefined as never),
        'headers that are no table': () => channel.publish('', queue, Buffer.from('b'), { headers: 'x' as never }),
        'a header that cannot be encoded': () =>
          channel.publish('', queue, Buffer.from('b'), { headers: { h: Symbol('h') } }),
        'an expiration that is none': () => channel.publish('', queue, Buffer.from('b'), { expiration: {} as never }),
        'no message to ack': () => channel.ack(undefined as never),
        'a consumer of no queue': () => channel.consume(5 as never, () => {}),
      }),
      objects: { connection, channel, confirms },
      close: () => connection.close(),
    };
  },
  async loadWrapper() {
    return (await import('../../src/amqplib/index.ts')).traceConnection as (root: object, options: object) => object;
  },
  sendRaw: (queue, messages) =>
    onRaw(async (channel) => {
      for (const { body, headers } of messages)
        channel.sendToQueue(queue, Buffer.from(body), { headers: { ...headers } });
      await channel.waitForConfirms();
    }),
  readWire: (queue, count) =>
    onRaw(async (channel) => {
      const messages: WireMessage[] = [];
      while (messages.length < count) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) continue;
        const entries = Object.entries(message.properties.headers ?? {}).map(([name, value]) => [name, String(value)]);
        messages.push({ body: bodyOf(message), headers: Object.fromEntries(entries) as Record<string, string> });
      }
      return messages;
    }),
  // A queue counts the messages that wait; those that were delivered and are not settled come back when their channel closes.
  unsettled: (queue) => onRaw(async (channel) => (await channel.checkQueue(queue)).messageCount),
};

describe('the contract of wrappers: amqplib', () => {
  describeWrapper(subject, {
    sends: ['publish', 'sendToQueue', 'publish with confirm', 'publish and waitForConfirms'],
    receives: ['consume with ack', 'consume without ack', 'get with processMessage'],
  });
});
