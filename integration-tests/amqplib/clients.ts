import { createRequire } from 'node:module';
import type { EventEmitter } from 'node:events';
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib';

/** The tested versions of amqplib, which differ in how they create promises, encode headers and count confirms. */
export const versions = ['amqplib-0.8', 'amqplib-0.10', 'amqplib-2.2', 'amqplib'] as const;
export type Version = (typeof versions)[number];
export type Api = 'promises' | 'callbacks';

type Options = Record<string, unknown>;
type Callback = (error: unknown, value?: unknown) => void;
type Untyped = Record<string, (...args: unknown[]) => unknown>;

const require = createRequire(import.meta.url);
const modules: Record<Version, Record<Api, () => Untyped>> = {
  'amqplib-0.8': {
    promises: () => require('amqplib-0.8') as Untyped,
    callbacks: () => require('amqplib-0.8/callback_api') as Untyped,
  },
  'amqplib-0.10': {
    promises: () => require('amqplib-0.10') as Untyped,
    callbacks: () => require('amqplib-0.10/callback_api') as Untyped,
  },
  'amqplib-2.2': {
    promises: () => require('amqplib-2.2') as Untyped,
    callbacks: () => require('amqplib-2.2/callback_api') as Untyped,
  },
  amqplib: {
    promises: () => require('amqplib') as Untyped,
    callbacks: () => require('amqplib/callback_api') as Untyped,
  },
};

/** One version of amqplib with one of its APIs. Both return replies as promises, so that each test is written once. */
export class Client {
  readonly version: Version;
  readonly api: Api;

  constructor(version: Version, api: Api) {
    this.version = version;
    this.api = api;
  }

  toString(): string {
    return `${this.version === 'amqplib' ? 'amqplib, newest' : this.version}, ${this.api}`;
  }

  connect(url: string, socketOptions: object = {}): Promise<ConnectionOf> {
    return call(this.api, modules[this.version][this.api](), 'connect', url, socketOptions) as Promise<ConnectionOf>;
  }

  channel(connection: ConnectionOf): Promise<ChannelOf> {
    return call(this.api, connection, 'createChannel') as Promise<ChannelOf>;
  }

  confirmChannel(connection: ConnectionOf): Promise<ConfirmChannelOf> {
    return call(this.api, connection, 'createConfirmChannel') as Promise<ConfirmChannelOf>;
  }

  /** Calls a method that has a reply, with all of its arguments except the callback. */
  reply(client: object, method: string, ...args: unknown[]): Promise<unknown> {
    return call(this.api, client, method, ...args);
  }

  consume(
    channel: ChannelOf,
    queue: string,
    handler: (message: ConsumeMessage) => unknown,
    options: Options = {},
  ): Promise<unknown> {
    return this.reply(channel, 'consume', queue, handler, options);
  }

  get(channel: ChannelOf, queue: string): Promise<ConsumeMessage | false> {
    return this.reply(channel, 'get', queue, {}) as Promise<ConsumeMessage | false>;
  }
}

/** The common parts of the APIs. */
export type ConnectionOf = EventEmitter & {
  createChannel(): unknown;
  createConfirmChannel(): unknown;
  close(): unknown;
};
export type ChannelOf = Channel;
export type ConfirmChannelOf = ConfirmChannel;

/** All clients of the given versions. */
export function clientsOf(...of: readonly Version[]): Client[] {
  return of.flatMap((version) => [new Client(version, 'promises'), new Client(version, 'callbacks')]);
}

function call(api: Api, target: object, method: string, ...args: unknown[]): Promise<unknown> {
  const untyped = target as Untyped;
  if (api === 'promises') return Promise.resolve(untyped[method]!(...args));
  return new Promise((resolve, reject) => {
    const callback: Callback = (error, value) => {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as the client gave it
      if (error === null || error === undefined) resolve(value);
      else reject(error);
    };
    untyped[method]!(...args, callback);
  });
}
