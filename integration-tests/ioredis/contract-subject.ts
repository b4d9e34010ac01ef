// Describes ioredis to the wrapper contract.
import { Redis } from 'ioredis';
import { consumeStream, processMessage, type TraceRedisOptions, traceRedis } from 'mqtrace/ioredis';
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
import type { WayToTrace } from '../../test-support/wrapper-contract/ways.ts';
import { processMessageCalls } from '../../test-support/wrapper-contract/process-message-calls.ts';

type Entry = [id: string, fields: string[]];
type Reply = [stream: string, entries: Entry[]][] | null;
type Xadd = [string, ...string[]];
const group = 'contract';

const newRedis = (): Redis => new Redis(inject('redisUrl'));
const field = (fields: readonly string[], name: string): string => fields[fields.indexOf(name) + 1] ?? '';
const xadd = (on: object, args: Xadd): unknown => Reflect.apply(Reflect.get(on, 'xadd') as () => unknown, on, args);

/** The clients of one session. */
class RedisSession implements Session {
  readonly root: Redis;
  readonly #redis: Redis;
  readonly #clients: Redis[];
  readonly #way: WayToTrace;
  readonly #options: ContractOptions | undefined;

  constructor(way: WayToTrace, options: ContractOptions | undefined) {
    this.#way = way;
    this.#options = options;
    this.root = this.#make();
    this.#clients = [this.root];
    this.#redis = this.#wrap(this.root);
  }

  get objects(): Record<string, object> {
    return { redis: this.#redis };
  }

  async connect(): Promise<this> {
    await this.#redis.ping();
    return this;
  }

  get sends(): Record<string, SendShape> {
    const shape = (messagesPerCall: number, call: (all: Xadd[]) => unknown): SendShape => ({
      messagesPerCall,
      input: (stream, bodies, headers) =>
        bodies.map((body) => [stream, '*', 'body', body, ...Object.entries(headers ?? {}).flat()]),
      call: (input) => call(input as Xadd[]),
    });
    const queued = (all: Xadd[], chain: ReturnType<Redis['pipeline']>): unknown => {
      for (const args of all) xadd(chain, args);
      return chain.exec();
    };
    return {
      xadd: shape(1, ([args]) => xadd(this.#redis, args!)),
      pipeline: shape(2, (all) => queued(all, this.#redis.pipeline())),
      multi: shape(2, (all) => queued(all, this.#redis.multi())),
    };
  }

  get receives(): Record<string, ReceiveShape> {
    const traits = { awaitsHandler: true, onThrow: 'reported', onReject: 'reported' } as const;
    return {
      'xreadgroup with processMessage and xack': {
        ...traits,
        start: async (stream, handler) => this.#read(this.#newClient(), stream, handler),
      },
      consumeStream: {
        ...traits,
        start: async (stream, handler) => {
          const redis = this.#newClient();
          const errors: string[] = [];
          const onError = (error: unknown): void => void errors.push(String(error));
          const options = { streams: [stream], group, blockMs: 20, onError };
          const consumer = consumeStream(redis, options, ({ fields }) => handler(fields['body'] ?? ''));
          return {
            errors,
            async stop(): Promise<void> {
              await consumer.stop();
              redis.disconnect();
            },
          };
        },
      },
    };
  }

  #read(redis: Redis, stream: string, handler: (body: string) => unknown): Receiving {
    const state = { stopped: false };
    const errors: string[] = [];
    const loop = async (): Promise<void> => {
      while (!state.stopped) {
        const reply = (await redis.xreadgroup(
          ...(['GROUP', group, 'one', 'COUNT', 10, 'BLOCK', 20, 'STREAMS', stream, '>'] as const),
        )) as Reply;
        for (const entry of reply?.[0]?.[1] ?? []) {
          await processMessage(entry, () => handler(field(entry[1], 'body')));
          await redis.xack(stream, group, entry[0]);
        }
      }
    };
    const ended = loop().catch((error: unknown) => void errors.push(String(error)));
    return {
      errors,
      async stop(): Promise<void> {
        state.stopped = true;
        await ended;
        redis.disconnect();
      },
    };
  }

  get settles(): Record<string, SettleShape> {
    const shape = (call: (stream: string, id: string) => unknown): SettleShape => ({
      isSynchronous: false,
      prepare: async (stream) => {
        const reply = (await this.#redis.xreadgroup('GROUP', group, 'one', 'STREAMS', stream, '>')) as Reply;
        const id = reply![0]![1][0]![0];
        return { call: () => call(stream, id), end: async () => {} };
      },
    });
    return {
      xack: shape((stream, id) => this.#redis.xack(stream, group, id)),
      'xack in a pipeline': shape((stream, id) => this.#redis.pipeline().xack(stream, group, id).exec()),
      'xack in a transaction': shape((stream, id) => this.#redis.multi().xack(stream, group, id).exec()),
    };
  }

  invalidCalls(stream: string): Record<string, () => unknown> {
    const redis = this.#redis;
    return {
      'no argument': () => (redis.xadd as unknown as () => unknown)(),
      'a field without a value': () => redis.xadd(stream, '*', 'field'),
      'an invalid id': () => redis.xadd(stream, 'x', 'a', '1'),
      'a group that does not exist': () => redis.xreadgroup('GROUP', 'none', 'c', 'STREAMS', stream, '>'),
      'an invalid entry id': () => redis.xack(stream, group, 'x'),
      'a pipeline with an error': () => redis.pipeline().xadd(stream, 'x', 'a', '1').exec(),
      'a transaction with an error': () => redis.multi().xadd(stream, '*', 'field').exec(),
      'an invalid id, beside a call that is valid': () => {
        const result = redis.xadd(stream, 'x', 'a', '1');
        void redis.xlen(stream);
        return result;
      },
      'an invalid id, with a callback': () => void redis.xadd(stream, 'x', 'a', '1', () => {}),
    };
  }

  furtherCalls(stream: string): Record<string, () => unknown> {
    const redis = this.#redis;
    const entry: Entry = ['7-7', ['a', 'b', 'traceparent', 'x']];
    const process = <R>(fn: () => R): R => (this.#options === undefined ? fn() : processMessage(entry, fn));
    return {
      xadd: () => redis.xadd(stream, '1-1', 'a', 'b'),
      'xadd of a used id': () => redis.xadd(stream, '1-1', 'a', 'b'),
      'xadd with a callback': () =>
        new Promise((resolve) => {
          void redis.xadd(stream, '1-2', 'a', 'b', (...args) => resolve(args));
        }),
      'a pipeline in part': () => redis.pipeline().xadd(stream, '1-3', 'a', 'b').xadd(stream, '1-3', 'a', 'b').exec(),
      'a transaction': () => redis.multi().xadd(stream, '1-4', 'a', 'b').xlen(stream).exec(),
      'a transaction of single commands': async () => [
        await redis.multi({ pipeline: false }),
        await redis.xadd(stream, '1-5', 'a', 'b'),
        await redis.exec(),
      ],
      'calls at once': async () => {
        const order: string[] = [];
        const calls = [redis.xadd(stream, '1-6', 'a', 'b'), redis.xlen(stream), redis.xadd(stream, '1-7', 'a', 'b')];
        await Promise.all(calls.map((call, at) => call.then(() => order.push(`reply ${at}`))));
        return order;
      },
      xread: () => redis.xread('COUNT', 2, 'STREAMS', stream, '0'),
      'xread of an invalid id': () => redis.xread('STREAMS', stream, 'wrong'),
      xrange: () => redis.xrange(stream, '-', '+', 'COUNT', 2),
      xinfo: async () => ((await redis.xinfo('STREAM', stream)) as unknown[]).slice(-1),
      xreadgroup: () => redis.xreadgroup('GROUP', group, 'one', 'COUNT', 4, 'STREAMS', stream, '>'),
      'xack of one': () => redis.xack(stream, group, '1-1'),
      'xack of several': () => redis.xack(stream, group, '1-2', '1-3'),
      xclaim: () => redis.xclaim(stream, group, 'two', 0, '1-4'),
      xautoclaim: () => redis.xautoclaim(stream, group, 'three', 0, '0'),
      xpending: async () => (await redis.xpending(stream, group)).slice(0, 3),
      'a duplicate': async () => {
        const copy = redis.duplicate();
        const id = await copy.xadd(stream, '9-9', 'a', 'b');
        const reply = await copy.xread('STREAMS', stream, '9-0');
        copy.disconnect();
        return [id, reply];
      },
      ...processMessageCalls(process, TypeError),
    };
  }

  async wrapLate(options: ContractOptions): Promise<void> {
    for (const client of this.#clients) traceRedis(client, options as TraceRedisOptions);
    // A blocking read that was called before is not traced. It ends with its timeout, which Redis checks ten times a
    // second.
    await new Promise((resolve) => setTimeout(resolve, 250));
  }

  async cut(): Promise<void> {
    for (const { stream } of this.#clients) (stream as { destroy(error: Error): void }).destroy(new Error('cut'));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
  }

  #newClient(): Redis {
    const client = this.#make();
    client.on('error', () => {});
    this.#clients.push(client);
    return this.#wrap(client);
  }

  #wrap(client: Redis): Redis {
    return this.#options === undefined ? client : this.#way.wrap(client, this.#options, traceRedis);
  }

  #make(): Redis {
    return this.#options === undefined ? newRedis() : this.#way.make(this.#options, newRedis);
  }
}

async function observe(): Promise<Observer> {
  const redis = newRedis();
  return {
    async newDestination() {
      const stream = uniqueName('contract');
      await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
      return stream;
    },
    async send(stream, messages) {
      for (const { body, headers } of messages) {
        await redis.xadd(stream, '*', 'body', body, ...Object.entries(headers).flat());
      }
    },
    read: async (stream, count) =>
      ((await redis.xrange(stream, '-', '+', 'COUNT', count)) as Entry[]).map(([, fields]): WireMessage => {
        const [, body = '', ...rest] = fields;
        const headers: Record<string, string> = {};
        for (let at = 0; at < rest.length; at += 2) headers[rest[at] ?? ''] = rest[at + 1] ?? '';
        return { body, headers };
      }),
    async unsettled(stream) {
      const [pending] = (await redis.xpending(stream, group)) as [number];
      const [info] = (await redis.xinfo('GROUPS', stream)) as unknown[][];
      const lag = info?.[info.indexOf('lag') + 1];
      return pending + Number(lag ?? 0);
    },
    close: async () => redis.disconnect(),
  };
}

/** The subject, its clients traced in one way. */
export const redisSubject = (way: WayToTrace): WrapperSubject => ({
  late: { warning: undefined, sends: true, receives: true },
  hasBody: false,
  open: (options) => new RedisSession(way, options).connect(),
  observe,
  loadWrapper: async () => (await import('../../src/ioredis/index.ts')).traceRedis as never,
  // An id that the server generates contains a time.
  normalize: (result) => JSON.parse(JSON.stringify(result ?? null).replaceAll(/\b\d{13}-\d+\b/g, 'ID')),
});

export const redisShapes: ShapeNames = {
  sends: ['xadd', 'pipeline', 'multi'],
  receives: ['xreadgroup with processMessage and xack', 'consumeStream'],
  settles: ['xack', 'xack in a pipeline', 'xack in a transaction'],
};
