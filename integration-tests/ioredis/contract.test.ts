import { Redis } from 'ioredis';
import { consumeStream, processMessage, traceRedis } from 'mqtrace/ioredis';
import { describe, inject } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import type {
  ReceiveShape,
  SendShape,
  WireMessage,
  WrapperSubject,
} from '../../test-support/wrapper-contract/subject.ts';
import { uniqueName } from '../../test-support/inputs.ts';

type Entry = [id: string, fields: string[]];
type Reply = [stream: string, entries: Entry[]][] | null;
const group = 'contract';

const newRedis = (): Redis => new Redis(inject('redisUrl'));

/** Runs something with a client that nothing wraps, and closes it. */
async function onRaw<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = newRedis();
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const field = (fields: readonly string[], name: string): string => fields[fields.indexOf(name) + 1] ?? '';

/** An id is a time: of it only its form is comparable. */
const comparable = (result: unknown): unknown =>
  JSON.parse(JSON.stringify(result ?? null).replaceAll(/\d+-\d+/g, 'ID'));

function shape(call: (all: [string, ...string[]][]) => unknown, fewest: number): SendShape {
  return {
    fewest,
    comparable,
    input: (stream, bodies, headers) =>
      bodies.map((body) => [stream, '*', 'body', body, ...Object.entries(headers ?? {}).flat()]),
    call: (input) => call(input as [string, ...string[]][]),
  };
}

function sendShapes(redis: Redis): Record<string, SendShape> {
  const xadd = (on: Redis, args: [string, ...string[]]): unknown => Reflect.apply(Reflect.get(on, 'xadd'), on, args);
  const queued = (all: [string, ...string[]][], chain: ReturnType<Redis['pipeline']>): unknown => {
    for (const args of all) xadd(chain as unknown as Redis, args);
    return chain.exec();
  };
  return {
    xadd: shape((all) => all.map((args) => xadd(redis, args)).at(-1), 1),
    pipeline: shape((all) => queued(all, redis.pipeline()), 2),
    multi: shape((all) => queued(all, redis.multi()), 2),
  };
}

function receiveShapes(open: () => Redis): Record<string, ReceiveShape> {
  return {
    'xreadgroup with processMessage and xack': {
      async start(stream, handler) {
        const redis = open();
        const state = { stopped: false };
        const loop = (async (): Promise<void> => {
          while (!state.stopped) {
            const reply = (await redis.xreadgroup(
              ...(['GROUP', group, 'one', 'COUNT', 10, 'BLOCK', 20, 'STREAMS', stream, '>'] as const),
            )) as Reply;
            for (const entry of reply?.[0]?.[1] ?? []) {
              await processMessage(entry, async () => void (await handler(field(entry[1], 'body'))));
              await redis.xack(stream, group, entry[0]);
            }
          }
        })();
        return {
          async stop(): Promise<void> {
            state.stopped = true;
            await loop;
            redis.disconnect();
          },
        };
      },
    },
    consumeStream: {
      async start(stream, handler) {
        const redis = open();
        const options = { streams: [stream], group, blockMs: 20 };
        const consumer = consumeStream(
          redis,
          options,
          async (entry) => void (await handler(entry.fields['body'] ?? '')),
        );
        return {
          async stop(): Promise<void> {
            await consumer.stop();
            redis.disconnect();
          },
        };
      },
    },
  };
}

const subject: WrapperSubject = {
  client: 'ioredis',
  async open(options) {
    const wrap = (redis: Redis): Redis => (options === undefined ? redis : traceRedis(redis, options));
    const root = newRedis();
    const redis = wrap(root);
    const clients = [root];
    const open = (): Redis => {
      const client = newRedis();
      clients.push(client);
      return wrap(client);
    };
    return {
      root,
      sends: sendShapes(redis),
      receives: receiveShapes(open),
      newDestination: () =>
        onRaw(async (looker) => {
          const stream = uniqueName('contract');
          await looker.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
          return stream;
        }),
      wrongCalls: (stream) => ({
        'no argument': () => (redis.xadd as unknown as () => unknown)(),
        'a field without a value': () => redis.xadd(stream, '*', 'field'),
        'an id that is none': () => redis.xadd(stream, 'x', 'a', '1'),
        'a group that does not exist': () => redis.xreadgroup('GROUP', 'none', 'c', 'STREAMS', stream, '>'),
        'an entry id that is none': () => redis.xack(stream, group, 'x'),
        'a pipeline with an error': () => redis.pipeline().xadd(stream, 'x', 'a', '1').exec(),
        'a transaction with an error': () => redis.multi().xadd(stream, '*', 'field').exec(),
      }),
      objects: { redis },
      close: async () => {
        for (const client of clients) client.disconnect();
      },
    };
  },
  async loadWrapper() {
    return (await import('../../src/ioredis/index.ts')).traceRedis as (root: object, options: object) => object;
  },
  sendRaw: (stream, messages) =>
    onRaw(async (redis) => {
      for (const { body, headers } of messages)
        await redis.xadd(stream, '*', 'body', body, ...Object.entries(headers).flat());
    }),
  readWire: (stream, count) =>
    onRaw(async (redis) =>
      ((await redis.xrange(stream, '-', '+', 'COUNT', count)) as Entry[]).map(([, fields]): WireMessage => {
        const [, body = '', ...rest] = fields;
        const headers: Record<string, string> = {};
        for (let at = 0; at < rest.length; at += 2) headers[rest[at] ?? ''] = rest[at + 1] ?? '';
        return { body, headers };
      }),
    ),
  unsettled: (stream) =>
    onRaw(async (redis) => {
      const [pending] = (await redis.xpending(stream, group)) as [number];
      const [info] = (await redis.xinfo('GROUPS', stream)) as unknown[][];
      const lag = info?.[info.indexOf('lag') + 1];
      return pending + Number(lag ?? 0);
    }),
};

describe('the contract of wrappers: ioredis', () => {
  describeWrapper(subject, {
    sends: ['xadd', 'pipeline', 'multi'],
    receives: ['xreadgroup with processMessage and xack', 'consumeStream'],
  });
});
