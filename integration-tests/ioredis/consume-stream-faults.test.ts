import { context, type ContextManager, ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import { Command, Redis } from 'ioredis';
import { tracingFaults } from 'mqtrace';
import { traceRedis } from 'mqtrace/ioredis';
import { describe, expect, inject, it, vi } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { recordSpans, useContextManager } from '../../test-support/spans.ts';
import { blockedReader, consume, pendingOf } from './consuming.ts';
import { cuttingProxy } from './cutting-proxy.ts';
import { endAfterwards, rawRedis, tracedRedis } from './setup.ts';

const broken = (): never => {
  throw new Error('broken');
};
const nothing = (): never => undefined as never;
const nil = (): never => null as never;

const working: TextMapPropagator = { inject: () => {}, extract: (given) => given, fields: () => ['x-trace'] };
const propagators: [string, TextMapPropagator][] = [broken, nothing, nil].flatMap((fails) => [
  [`extract ${fails === broken ? 'throws' : String(fails())}`, { ...working, extract: fails }],
  [`fields ${fails === broken ? 'throws' : String(fails())}`, { ...working, fields: fails }],
  [`everything ${fails === broken ? 'throws' : String(fails())}`, { inject: fails, extract: fails, fields: fails }],
]);

/** Entries that a consumer reads as pending, claims, and reads as new, and a deleted one of each kind. */
async function entriesOfEachKind(stream: string, group: string): Promise<void> {
  const raw = rawRedis();
  await raw.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  for (const id of ['1-1', '1-2', '1-3', '1-4', '1-5']) await raw.xadd(stream, id, 'a', id);
  await raw.xreadgroup('GROUP', group, 'one', 'COUNT', 2, 'STREAMS', stream, '>');
  await raw.xreadgroup('GROUP', group, 'other', 'COUNT', 2, 'STREAMS', stream, '>');
  await raw.xdel(stream, '1-2', '1-4');
}

describe('every entry is handled, and none is acknowledged before', () => {
  it.each(propagators)('if the propagator fails: %s', async (_, propagator) => {
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await entriesOfEachKind(stream, group);
    const faults = tracingFaults();
    const { redis } = tracedRedis({}, { propagator });
    const consumer = consume(redis, { streams: stream, group, consumer: 'one', minIdleMs: 1 });
    const handled = await consumer.next(3);
    await consumer.stop();
    expect(handled.map(({ id, fields }) => [id, fields])).toStrictEqual(
      ['1-1', '1-3', '1-5'].map((id) => [id, { a: id }]),
    );
    expect(await pendingOf(stream, group)).toBe(0);
    expect(consumer.errors).toStrictEqual([]);
    expect(tracingFaults()).toBeGreaterThan(faults);
  });

  it.each([
    ['active() throws', broken],
    ['active() gives undefined', nothing],
  ])('if the context manager fails: %s', async (_, active) => {
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await entriesOfEachKind(stream, group);
    useContextManager();
    const manager = (context as unknown as { _getContextManager(): ContextManager })._getContextManager();
    const { redis } = tracedRedis();
    const spy = vi.spyOn(manager, 'active').mockImplementation(active);
    try {
      const consumer = consume(redis, { streams: stream, group, consumer: 'one', minIdleMs: 1 });
      const handled = await consumer.next(3);
      await consumer.stop();
      expect(handled.map(({ id }) => id)).toStrictEqual(['1-1', '1-3', '1-5']);
      expect(consumer.errors).toStrictEqual([]);
    } finally {
      spy.mockRestore();
    }
    expect(await pendingOf(stream, group)).toBe(0);
  });

  it('if with() of the context manager does not call its function, or calls it twice', async () => {
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await entriesOfEachKind(stream, group);
    useContextManager();
    const manager = (context as unknown as { _getContextManager(): ContextManager })._getContextManager();
    const { redis } = tracedRedis();
    const consumer = consume(redis, { streams: stream, group, consumer: 'one', minIdleMs: 1 }, ({ id }) => {
      if (id !== '1-5') return;
      spy.mockRestore();
    });
    const spy = vi.spyOn(manager, 'with').mockImplementation((_, fn, self, ...args) => {
      fn.call(self as never, ...args);
      return fn.call(self as never, ...args);
    });
    const handled = await consumer.next(3);
    await consumer.stop();
    expect(handled.map(({ id }) => id)).toStrictEqual(['1-1', '1-3', '1-5']);
    expect(await pendingOf(stream, group)).toBe(0);
  });
});

it('entries of a truncated reply are handled before later ones', async () => {
  const proxy = await cuttingProxy(inject('redisUrl'));
  try {
    const recording = recordSpans();
    const connectionName = uniqueName('cut');
    const redis = traceRedis(endAfterwards(new Redis({ port: proxy.port, host: '127.0.0.1', connectionName })), {
      tracerProvider: recording.tracerProvider,
    });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const consumer = consume(redis, { streams: stream, group, minIdleMs: Infinity, blockMs: 60_000 });
    await blockedReader(connectionName);
    const raw = rawRedis();
    const cut = proxy.cutAt('marker');
    await raw.xadd(stream, '1-1', 'n', 'marker');
    await cut;
    await raw.xadd(stream, '1-2', 'n', '2');
    await blockedReader(connectionName);
    await raw.xadd(stream, '1-3', 'n', '3');
    await consumer.next(3);
    await consumer.stop();
    expect(consumer.handled.map(({ id }) => id)).toStrictEqual(['1-1', '1-2', '1-3']);
    expect(await pendingOf(stream, group)).toBe(0);
    expect(recording.open()).toStrictEqual([]);
  } finally {
    proxy.close();
  }
});

it.each([
  ['other shapes', (reply: unknown) => reply && [{ name: 'orders', messages: [] }]],
  ['an object of objects', (reply: unknown) => reply && { [String((reply as [[Buffer]])[0][0])]: [{ id: '1-1' }] }],
  ['nothing', () => []],
  ['undefined', () => undefined],
])('a reply transformer that returns %s is reported; nothing is acknowledged, and reading stops', async (_, shape) => {
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  const raw = rawRedis();
  await raw.xadd(stream, '1-1', 'n', '1');
  await raw.xadd(stream, '1-2', 'n', '2');
  const { reply: transformers } = (Command as unknown as { _transformer: { reply: Record<string, unknown> } })
    ._transformer;
  const own = transformers['xreadgroup'];
  const { redis } = tracedRedis();
  try {
    Command.setReplyTransformer('xreadgroup', shape as never);
    const consumer = consume(redis, { streams: stream, group, count: 1, blockMs: 10 });
    await vi.waitFor(() => expect(consumer.errors.length).toBeGreaterThan(1));
    expect(consumer.errors.map((error) => (error as Error).message)).toStrictEqual(
      consumer.errors.map(() => expect.stringContaining('setReplyTransformer')),
    );
    expect(consumer.handled).toStrictEqual([]);
    const pending = await pendingOf(stream, group);
    transformers['xreadgroup'] = own;
    await consumer.next(2);
    await consumer.stop();
    expect(consumer.handled.map(({ id }) => id)).toStrictEqual(['1-1', '1-2']);
    expect(pending).toBeLessThanOrEqual(1);
  } finally {
    if (own === undefined) delete transformers['xreadgroup'];
    else transformers['xreadgroup'] = own;
  }
});

it('an entry in an unknown format stays pending and is reported; the others are handled', async () => {
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  const raw = rawRedis();
  for (const id of ['1-1', '1-2', '1-3']) await raw.xadd(stream, id, 'n', id);
  const { redis } = tracedRedis();
  const duplicate = redis.duplicate.bind(redis);
  vi.spyOn(redis, 'duplicate').mockImplementation((...args) => {
    const client = duplicate(...args);
    const read = client.xreadgroupBuffer.bind(client) as (...given: unknown[]) => Promise<unknown>;
    client.xreadgroupBuffer = (async (...given: unknown[]) => {
      const reply = (await read(...given)) as [[Buffer, [Buffer, unknown][]]] | null;
      const strange = reply?.[0][1].find(([id]) => String(id) === '1-2');
      if (strange !== undefined) strange[1] = { n: '1-2' };
      return reply;
    }) as never;
    return client;
  });
  const consumer = consume(redis, { streams: stream, group });
  await consumer.next(2);
  await consumer.stop();
  expect(consumer.handled.map(({ id }) => id)).toStrictEqual(['1-1', '1-3']);
  expect(consumer.errors).toHaveLength(1);
  expect(await pendingOf(stream, group)).toBe(1);
});

it.each([
  ['xack', ['+@all', '-xack']],
  ['xreadgroup', ['+@all', '-xreadgroup']],
  ['xautoclaim', ['+@all', '-xautoclaim']],
])('ends if the permission for %s is missing', async (command, rights) => {
  const raw = rawRedis();
  const user = uniqueName('user');
  await raw.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', ...rights);
  try {
    const { redis } = tracedRedis({ username: user, password: 'secret' });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await raw.xadd(stream, '1-1', 'n', '1');
    const consumer = consume(redis, { streams: stream, group, minIdleMs: 1 });
    expect(await failure(() => consumer.done)).toMatchObject({ message: expect.stringMatching(/^NOPERM/) });
    expect(consumer.errors).toHaveLength(1);
    expect(consumer.handled).toHaveLength(command === 'xack' ? 1 : 0);
  } finally {
    await raw.call('ACL', 'DELUSER', user);
  }
});

it('a stream whose prefix is a Buffer is acknowledged with the right name', async () => {
  const prefix = Buffer.from(`${uniqueName('app')}:`);
  const { redis } = tracedRedis({ keyPrefix: prefix as never });
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  await rawRedis().xadd(`${String(prefix)}${stream}`, '1-1', 'n', '1');
  const consumer = consume(redis, { streams: stream, group });
  const [message] = await consumer.next(1);
  await consumer.stop();
  expect(message?.stream).toBe(stream);
  expect(await pendingOf(`${String(prefix)}${stream}`, group)).toBe(0);
});

it('an onError that rejects does not end the process, and is counted', async () => {
  const { redis } = tracedRedis();
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  await rawRedis().xadd(stream, '1-1', 'n', '1');
  const faults = tracingFaults();
  const consumer = consume(
    redis,
    { streams: stream, group, onError: () => Promise.reject(new Error('x')) as never },
    broken,
  );
  await consumer.next(1);
  await consumer.stop();
  await vi.waitFor(() => expect(tracingFaults()).toBe(faults + 1));
});

it('a thenable that a handler returns is awaited, in the context of its entry', async () => {
  const { redis, recording } = tracedRedis();
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  await redis.xadd(stream, '1-1', 'n', '1');
  let inSpan: unknown;
  let openThen: unknown;
  const thenable = {
    // oxlint-disable-next-line unicorn/no-thenable -- like a query builder
    then(resolve: () => void): void {
      inSpan = context.active() === ROOT_CONTEXT;
      setTimeout(() => {
        openThen = recording.open();
        resolve();
      }, 20);
    },
  };
  const { consumeStream } = await import('mqtrace/ioredis');
  const consumer = consumeStream(redis, { streams: stream, group }, () => thenable);
  await vi.waitFor(async () => expect(await pendingOf(stream, group).catch(() => 1)).toBe(0));
  await vi.waitFor(() => expect(openThen).toBeDefined());
  await consumer.stop();
  expect([inSpan, openThen]).toStrictEqual([false, [`process ${stream}`]]);
});
