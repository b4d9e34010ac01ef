// Describes amqplib to the wrapper contract: its promise API and its callback API.
import { EventEmitter } from 'node:events';
import { type Channel, type ConfirmChannel, connect, type ConsumeMessage, IllegalOperationError } from 'amqplib';
import { processMessage, type TraceAmqplibOptions, traceConnection } from 'mqtrace/amqplib';
import { inject } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import type {
  ContractOptions,
  Observer,
  Receiving,
  ReceiveShape,
  SendShape,
  Session,
  SettleShape,
  ShapeNames,
  WireMessage,
  WrapperSubject,
} from '../../test-support/wrapper-contract/subject.ts';
import type { Make, WayToTrace } from '../../test-support/wrapper-contract/ways.ts';
import { type Api, Client, type ConnectionOf } from './clients.ts';
import { furtherCalls } from './further-calls.ts';

const bodyOf = (message: { content: Buffer }): string => message.content.toString();
const optionsOf = (headers?: Readonly<Record<string, string>>): object => (headers === undefined ? {} : { headers });

/** A client whose channels are made in one way. */
class MakingClient extends Client {
  readonly #make: Make;

  constructor({ version, api }: Client, make: Make) {
    super(version, api);
    this.#make = make;
  }

  override channel(connection: ConnectionOf): Promise<Channel> {
    return this.#make(() => super.channel(connection));
  }

  override confirmChannel(connection: ConnectionOf): Promise<ConfirmChannel> {
    return this.#make(() => super.confirmChannel(connection));
  }
}

/** The connection and the channels of one session. */
class AmqplibSession implements Session {
  readonly root: ConnectionOf;
  readonly #client: Client;
  readonly #connection: ConnectionOf;
  readonly #isTraced: boolean;
  #channel!: Channel;
  #confirms!: ConfirmChannel;

  constructor(client: Client, root: ConnectionOf, { wrap, make }: WayToTrace, options: ContractOptions | undefined) {
    this.#client = options === undefined ? client : new MakingClient(client, (fn) => make(options, fn));
    this.root = root;
    this.#isTraced = options !== undefined;
    this.#connection = options === undefined ? root : wrap(root, options, traceConnection);
    root.on('error', () => {});
  }

  async openChannels(): Promise<this> {
    this.#channel = await this.#client.channel(this.#connection);
    this.#confirms = await this.#client.confirmChannel(this.#connection);
    return this;
  }

  get objects(): Record<string, object> {
    return { connection: this.#connection, channel: this.#channel, confirms: this.#confirms };
  }

  get sends(): Record<string, SendShape> {
    const [channel, confirms] = [this.#channel, this.#confirms];
    const shape = (call: (queue: string, content: Buffer, options: object) => unknown): SendShape => ({
      messagesPerCall: 1,
      input: (queue, [body = ''], headers) => [queue, Buffer.from(body), optionsOf(headers)],
      call: (input) => call(...(input as [string, Buffer, object])),
    });
    return {
      publish: shape((queue, content, options) => channel.publish('', queue, content, options)),
      sendToQueue: shape((queue, content, options) => channel.sendToQueue(queue, content, options)),
      'publish with confirm': shape(
        (queue, content, options) =>
          new Promise((resolve, reject) => {
            confirms.publish('', queue, content, options, (error: unknown) =>
              // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as the client gave it
              error === null ? resolve('confirmed') : reject(error),
            );
          }),
      ),
      'publish and waitForConfirms': shape((queue, content, options) => {
        confirms.publish('', queue, content, options);
        return this.#client.reply(confirms, 'waitForConfirms');
      }),
    };
  }

  get receives(): Record<string, ReceiveShape> {
    const pushed = { awaitsHandler: false, onThrow: 'reported', onReject: 'unhandled rejection' } as const;
    return {
      'consume with ack': {
        ...pushed,
        start: (queue, handler) =>
          this.#consume(queue, {}, (channel, message) => {
            const result = handler(bodyOf(message));
            if (result instanceof Promise) return result.then(() => acknowledge(channel, message));
            channel.ack(message);
            return result;
          }),
      },
      'consume without ack': {
        ...pushed,
        start: (queue, handler) => this.#consume(queue, { noAck: true }, (_, message) => handler(bodyOf(message))),
      },
      'get with processMessage': {
        awaitsHandler: true,
        onThrow: 'reported',
        onReject: 'reported',
        start: (queue, handler) => this.#pull(queue, handler),
      },
    };
  }

  async #consume(
    queue: string,
    options: Record<string, unknown>,
    handle: (channel: Channel, message: ConsumeMessage) => unknown,
  ): Promise<Receiving> {
    const channel = await this.#client.channel(this.#connection);
    const errors: string[] = [];
    channel.on('error', (error) => errors.push(String(error)));
    const running = new Set<Promise<unknown>>();
    const consumer = (message: ConsumeMessage): unknown => {
      const result = handle(channel, message);
      if (result instanceof Promise) running.add(result);
      return result;
    };
    await this.#client.consume(channel, queue, consumer, options);
    return { errors, stop: () => this.#close(channel, Promise.allSettled(running)) };
  }

  async #pull(queue: string, handler: (body: string) => unknown): Promise<Receiving> {
    const channel = await this.#client.channel(this.#connection);
    const state = { stopped: false };
    const errors: string[] = [];
    const loop = async (): Promise<void> => {
      while (!state.stopped) {
        const message = await this.#client.get(channel, queue);
        if (message === false) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          continue;
        }
        await processMessage(message, () => handler(bodyOf(message)));
        acknowledge(channel, message);
      }
    };
    const ended = loop().catch((error: unknown) => void errors.push(String(error)));
    return {
      errors,
      stop: () => {
        state.stopped = true;
        return this.#close(channel, ended);
      },
    };
  }

  /** Closes a channel after its handlers have ended; it may already be closed. */
  async #close(channel: Channel, ended: Promise<unknown>): Promise<void> {
    await ended;
    await new Promise((resolve) => setImmediate(resolve));
    await this.#client.reply(channel, 'close').catch(() => {});
  }

  get settles(): Record<string, SettleShape> {
    const shape = (settle: (channel: Channel, message: ConsumeMessage) => unknown): SettleShape => ({
      isSynchronous: true,
      prepare: async (queue) => {
        const channel = await this.#client.channel(this.#connection);
        const message = (await this.#client.get(channel, queue)) as ConsumeMessage;
        return {
          call: () => settle(channel, message),
          end: async () => {
            await this.#client.reply(channel, 'recover');
            await this.#client.reply(channel, 'close');
          },
        };
      },
    });
    return {
      ack: shape((channel, message) => channel.ack(message)),
      'ack of all up to one': shape((channel, message) => channel.ack(message, true)),
      ackAll: shape((channel) => channel.ackAll()),
      nack: shape((channel, message) => channel.nack(message, false, false)),
      nackAll: shape((channel) => channel.nackAll(false)),
      reject: shape((channel, message) => channel.reject(message, false)),
    };
  }

  invalidCalls(queue: string): Record<string, () => unknown> {
    const channel = this.#channel;
    const body = Buffer.from('b');
    return {
      'a body that is no buffer': () => channel.sendToQueue(queue, 'text' as never),
      'no body': () => channel.publish('', queue, undefined as never),
      'headers that are no table': () => channel.publish('', queue, body, { headers: 'x' as never }),
      'a header that cannot be encoded': () => channel.publish('', queue, body, { headers: { h: Symbol('h') } }),
      'an invalid expiration': () => channel.publish('', queue, body, { expiration: {} as never }),
      'no message to ack': () => channel.ack(undefined as never),
      'a consumer of no queue': () => channel.consume(5 as never, () => {}),
      'a queue that does not exist': () => channel.get(`${queue}-none`),
    };
  }

  furtherCalls(queue: string): Record<string, () => unknown> {
    return furtherCalls(this.#client, this.#connection, queue, this.#isTraced);
  }

  async wrapLate(options: ContractOptions): Promise<void> {
    const { traceConnection: wrap } = await import('../../src/amqplib/index.ts');
    wrap(this.root, options as TraceAmqplibOptions);
  }

  async cut(): Promise<void> {
    const noticed = new Promise((resolve) => this.root.once('close', resolve));
    const { stream } = this.#channel.connection as unknown as { stream: { destroy(error: Error): void } };
    stream.destroy(new Error('cut'));
    await noticed;
  }

  async close(): Promise<void> {
    await this.#client.reply(this.#connection, 'close');
  }
}

/** A message cannot be acknowledged after its channel was closed. */
function acknowledge(channel: Channel, message: ConsumeMessage): void {
  try {
    channel.ack(message);
  } catch (error) {
    if (!(error instanceof IllegalOperationError)) throw error;
  }
}

async function observe(): Promise<Observer> {
  const connection = await connect(inject('amqpUrl'), { noDelay: true });
  const channel = await connection.createConfirmChannel();
  return {
    async newDestination() {
      const { queue } = await channel.assertQueue(uniqueName('contract'), { durable: false, expires: 120_000 });
      return queue;
    },
    async send(queue, messages) {
      for (const { body, headers } of messages)
        channel.sendToQueue(queue, Buffer.from(body), { headers: { ...headers } });
      await channel.waitForConfirms();
    },
    async read(queue, count) {
      const messages: WireMessage[] = [];
      while (messages.length < count) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) continue;
        const entries = Object.entries(message.properties.headers ?? {}).map(([name, value]) => [name, String(value)]);
        messages.push({ body: bodyOf(message), headers: Object.fromEntries(entries) as Record<string, string> });
      }
      return messages;
    },
    // Delivered messages that are not settled are counted once their channel has closed or recovered.
    unsettled: async (queue) => (await channel.checkQueue(queue)).messageCount,
    close: () => connection.close(),
  };
}

/** Describes one of the two APIs, its channels traced in one way. */
export function amqplibSubject(api: Api, way: WayToTrace): WrapperSubject {
  const client = new Client('amqplib', api);
  return {
    late: { warning: /already has \d+ open channels; these are not traced/, sends: false, receives: false },
    open: async (options) =>
      new AmqplibSession(
        client,
        await client.connect(inject('amqpUrl'), { noDelay: true }),
        way,
        options,
      ).openChannels(),
    observe,
    loadWrapper: async () => (await import('../../src/amqplib/index.ts')).traceConnection as never,
    // Settlements of the callback API return their channel.
    normalize: (result) => (result instanceof EventEmitter ? result.constructor.name : result),
  };
}

export const amqplibShapes: ShapeNames = {
  sends: ['publish', 'sendToQueue', 'publish with confirm', 'publish and waitForConfirms'],
  receives: ['consume with ack', 'consume without ack', 'get with processMessage'],
  settles: ['ack', 'ack of all up to one', 'ackAll', 'nack', 'nackAll', 'reject'],
};
