// Sends messages in an unsampled trace with complete wrappers: the client gets the same calls with the fast path and
// without.
import { context, type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { traceChannel } from '../amqplib/index.ts';
import { tracingFaults } from '../common/faults.ts';
import { traceRedis } from '../ioredis/index.ts';
import { traceProducer } from '../kafkajs/index.ts';
import { W3CBaggage } from '../propagation/w3c-baggage.ts';
import { startTracing } from './index.ts';
import type { Tracing } from './tracing.ts';

let tracing: Tracing;
beforeAll(() => {
  tracing = startTracing({ environment: 'ignore', export: { protocol: 'none' } });
});
afterAll(() => tracing.shutdown());

const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 2,
});
const contexts: Readonly<Record<string, Context>> = {
  'a trace': unsampled,
  'a trace with baggage': propagation.setBaggage(unsampled, W3CBaggage.fromHeader('tenant=acme,x=a%20b')),
};
const old = '00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01';

class Message {
  get key(): string {
    return 'k';
  }
  get value(): string {
    return 'v';
  }
}
const records: readonly unknown[] = [
  undefined,
  null,
  'text',
  {},
  { topic: 'orders' },
  { topic: 7, messages: [{ value: 'v' }] },
  { topic: 'orders', messages: 'text' },
  { topic: 'orders', messages: [] },
  { topic: 'orders', messages: [null, 'text', { value: undefined }, { value: null }, {}] },
  {
    topic: 'orders',
    messages: [
      { value: 'v', headers: null },
      { value: 'v', headers: [] },
      { value: 'v', headers: 'x' },
    ],
  },
  { topic: 'orders', messages: [{ key: 'k', value: 'v', partition: 3, timestamp: '1' }], acks: 1, timeout: 5 },
  {
    topic: 'orders',
    messages: [{ value: 'v', headers: { TraceParent: old, order: Buffer.from('7') } }, new Message()],
  },
  { topic: 'orders', messages: [{ value: 'v', headers: new Map([['order', '7']]) }] },
  {
    topic: 'orders',
    messages: ['1760000000000', ['9999999999999', '1760000000000'], '9999999999999', 'soon'].map((time) => ({
      value: 'v',
      headers: { 'mqtrace-deliver-at': time },
    })),
  },
];

interface Both {
  fast: unknown;
  slow: unknown;
}

/** Everything that the client was called with and returned. */
async function seen(run: (calls: unknown[]) => unknown): Promise<unknown> {
  const calls: unknown[] = [];
  const faults = tracingFaults();
  let result: unknown;
  try {
    result = await run(calls);
  } catch (error) {
    result = ['thrown', String(error), (error as { command?: unknown }).command];
  }
  return { calls, result, faults: tracingFaults() - faults };
}

/** The results with the fast path, and without. */
async function both(active: Context, run: (fastPath: boolean, calls: unknown[]) => unknown): Promise<Both> {
  const [fast, slow] = await Promise.all(
    [true, false].map((fastPath) => context.with(active, () => seen((calls) => run(fastPath, calls)))),
  );
  return { fast, slow };
}

test.each(Object.keys(contexts))('kafkajs in %s', async (name) => {
  for (const record of records) {
    const { fast, slow } = await both(contexts[name]!, (fastPath, calls) => {
      const send = (...args: unknown[]): Promise<unknown> => {
        calls.push(args, args[0] === record);
        return Promise.resolve('sent');
      };
      const producer = traceProducer({ send, sendBatch: send, on() {}, events: {} } as never, {
        fastPath,
      }) as unknown as {
        send: typeof send;
        sendBatch: typeof send;
      };
      return Promise.all([
        producer.send(record, 'more'),
        producer.send(),
        producer.sendBatch({ topicMessages: [record, { topic: 'more', messages: [{ value: 'x' }] }], acks: 1 }),
        producer.sendBatch({ topicMessages: record }),
      ]);
    });
    expect(fast).toEqual(slow);
  }
  const frozen = Object.freeze({ topic: 'orders', messages: Object.freeze([Object.freeze({ value: 'v' })]) });
  const sent: { messages: { headers: Record<string, string> }[] }[] = [];
  const send = (each: never): Promise<unknown> => Promise.resolve(sent.push(each));
  const producer = traceProducer({ send, sendBatch: send, on() {}, events: {} } as never) as unknown as {
    send(given: unknown): Promise<unknown>;
  };
  await context.with(contexts[name]!, () => producer.send(frozen));
  expect(sent[0]!.messages[0]!.headers['traceparent']).toContain('-b7ad6b7169203331-02');
});

const publishes: readonly unknown[] = [
  undefined,
  null,
  {},
  { headers: 'text' },
  { headers: ['x'] },
  { headers: { traceparent: old, order: 7 }, persistent: true },
  { headers: new Map([['order', '7']]) },
  { headers: {}, contentType: 'application/cloudevents+json' },
  Object.create({ appId: 'inherited' }, { own: { value: 1, enumerable: true } }),
  { headers: { large: 'x'.repeat(65_500) } },
  Object.freeze({ headers: Object.freeze({ order: 7 }) }),
];

test.each(Object.keys(contexts))('amqplib in %s', async (name) => {
  for (const options of publishes) {
    const { fast, slow } = await both(contexts[name]!, (fastPath, calls) => {
      const stub = {
        connection: { serverProperties: {} },
        get() {},
        publish: (...args: { headers?: Record<string, unknown> }[]): boolean => {
          const headers = args[3]?.headers;
          if (headers?.['mqtrace-sent-at'] !== undefined) headers['mqtrace-sent-at'] = 'now';
          calls.push(args, args[3] === options);
          return true;
        },
        ack() {},
        nack() {},
        reject() {},
        on() {},
        once() {},
        consume: () => Promise.resolve({ consumerTag: 'c' }),
      };
      const channel = traceChannel(stub as never, { fastPath }) as unknown as { publish(...args: unknown[]): boolean };
      const content = Buffer.from('7');
      return [
        channel.publish('shop', 'orders', content),
        channel.publish('shop', 'orders', content, options),
        channel.publish('', 'orders', content, options, 'more'),
      ];
    });
    expect(fast).toEqual(slow);
  }
});

/** The part of ioredis' command that is used here. */
interface SentCommand {
  readonly args: unknown[];
  readonly name: string;
  readonly promise: Promise<unknown>;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

const xadds: readonly (readonly unknown[])[] = [
  ['orders', '*', 'order', '7'],
  ['orders', '*', 'order'],
  ['orders', '*'],
  ['orders'],
  ['orders', 'MAXLEN', '~', 1000, '*', 'order', '7', 'traceparent', old],
  [Buffer.from('orders'), '1-1', Buffer.from('order'), Buffer.from('7')],
  ['traceparent', '*', 'baggage', 'x=1'],
  ['orders', 'NOMKSTREAM', '*', { order: '7' }],
];

test.each(Object.keys(contexts))('ioredis in %s', async (name) => {
  for (const args of xadds) {
    for (const fails of [false, true]) {
      const { fast, slow } = await both(contexts[name]!, async (fastPath, calls) => {
        const redis = new Redis({ lazyConnect: true });
        redis.status = 'ready';
        Object.assign(redis, { stream: { write() {} } });
        redis.sendCommand = (command: never, stream?: { write(data: string): void }) => {
          const given = command as SentCommand;
          const { args: sent, name: called, promise } = given;
          calls.push([called, ...sent]);
          stream?.write('');
          // As in ioredis, an error has the arguments that the command has when it is replied to.
          setImmediate(() => {
            if (!fails) given.resolve(called === 'multi' ? 'OK' : '1-1');
            else given.reject(Object.assign(new Error('refused'), { command: { name: called, args: given.args } }));
          });
          return promise;
        };
        traceRedis(redis, { fastPath });
        const xadd = redis.xadd.bind(redis) as (...given: unknown[]) => Promise<unknown>;
        const outcome = (given: Promise<unknown>): Promise<unknown> =>
          given.catch((error: Error & { command?: unknown }) => [error.message, error.command]);
        const pipeline = redis.pipeline();
        (pipeline.xadd as (...given: unknown[]) => unknown).call(pipeline, ...args);
        (pipeline.xadd as (...given: unknown[]) => unknown).call(pipeline, ...args);
        const results = (await pipeline.exec()) as [{ command?: unknown } | null, unknown][];
        return [
          await outcome(xadd(...args)),
          await outcome(redis.call('XADD', ...(args as [string]))),
          await new Promise((resolve) => {
            const callback = (error: { command?: unknown } | null, reply: unknown): void =>
              resolve([error?.command, reply]);
            xadd(...args, callback).catch(() => undefined);
          }),
          results.map(([error, reply]) => [error?.command, reply]),
        ];
      });
      expect(fast).toEqual(slow);
    }
  }
});

test('a command that ioredis sends again carries the same context as the first time', async () => {
  const redis = new Redis({ lazyConnect: true });
  redis.status = 'ready';
  const sent: unknown[][] = [];
  interface Sent {
    args: unknown[];
    resolve(reply: unknown): void;
    promise: Promise<unknown>;
  }
  let command: Sent | undefined;
  redis.sendCommand = (given: never) => {
    const { args, promise } = given as Sent;
    command = given;
    sent.push(args);
    return promise;
  };
  traceRedis(redis);
  const added = context.with(unsampled, () => redis.xadd('orders', '*', 'order', '7'));
  const sampled = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    traceFlags: 1,
  });
  context.with(sampled, () => void redis.sendCommand(command as never));
  command!.resolve('1-1');
  expect(await added).toBe('1-1');
  expect(sent[0]).toHaveLength(6);
  expect(sent[1]).toStrictEqual(sent[0]);
  expect(command!.args).toStrictEqual(['orders', '*', 'order', '7']);
});
