import { once } from 'node:events';
import { Command, Redis, type RedisOptions } from 'ioredis';
import { traceRedis } from 'mqtrace/ioredis';
import { describe, expect, inject, it, vi } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { type Recording, recordSpans } from '../../test-support/spans.ts';
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { cut, endAfterwards, tracedRedis } from './setup.ts';

/** A traced client whose connection can be cut in the middle of a reply. */
async function behindProxy(
  options: RedisOptions,
  test: (client: { redis: Redis; recording: Recording; proxy: CuttingProxy }) => Promise<void>,
): Promise<void> {
  const proxy = await cuttingProxy(inject('redisUrl'));
  try {
    const recording = recordSpans();
    const given = endAfterwards(new Redis({ host: '127.0.0.1', port: proxy.port, ...options } as never));
    await test({ redis: traceRedis(given, { tracerProvider: recording.tracerProvider }), recording, proxy });
  } finally {
    proxy.close();
  }
}

/** Sends an XADD whose reply is cut off. */
async function loseXadd(redis: Redis, proxy: CuttingProxy, stream: string): Promise<{ settled: boolean }> {
  const closed = once(redis, 'close');
  const lost = proxy.cutAt('1-1');
  const sending = { settled: false };
  const settle = (): boolean => (sending.settled = true);
  redis.xadd(stream, '1-1', 'a', 'b').then(settle, settle);
  await lost;
  await closed;
  return sending;
}

describe('without resending, a send whose reply was lost', () => {
  it('ends when a new connection is open; commands sent meanwhile continue', () =>
    behindProxy({ autoResendUnfulfilledCommands: false }, async ({ redis, recording, proxy }) => {
      const stream = uniqueName('orders');
      await redis.ping();
      const sending = await loseXadd(redis, proxy, stream);
      const meanwhile = redis.xadd(stream, '1-2', 'a', 'b');
      expect(await meanwhile).toBe('1-2');
      await redis.ping();
      // As with the raw client.
      expect(sending.settled).toBe(false);
      expect(recording.open()).toStrictEqual([]);
      expect(recording.spans().map(({ attributes }) => attributes['error.type'])).toStrictEqual([
        'CONNECTION_CLOSED',
        undefined,
      ]);
    }));

  it('ends when the client does', () =>
    behindProxy(
      { autoResendUnfulfilledCommands: false, retryStrategy: () => 1_000_000 },
      async ({ redis, recording, proxy }) => {
        const stream = uniqueName('orders');
        await redis.ping();
        await loseXadd(redis, proxy, stream);
        redis.disconnect();
        await vi.waitFor(() => expect(recording.open()).toStrictEqual([]));
        expect(recording.span(`xadd ${stream}`).attributes['error.type']).toBe('CONNECTION_CLOSED');
      },
    ));
});

it('commands that wait for a connection leave no span open when the client is ended instead', async () => {
  const { redis, recording } = tracedRedis({ retryStrategy: () => 1_000_000 });
  const stream = uniqueName('orders');
  await cut(redis);
  await vi.waitFor(() => expect(redis.status).toBe('reconnecting'));
  redis.xadd(stream, '*', 'a', 'b').catch(() => {});
  redis.xack(stream, 'group', '1-1').catch(() => {});
  void redis.pipeline().xadd(stream, '*', 'a', 'b').exec();
  expect(recording.open()).toHaveLength(3);
  redis.disconnect();
  expect(recording.open()).toStrictEqual([]);
  expect(recording.spans().map(({ attributes }) => attributes['error.type'])).toStrictEqual(
    Array.from({ length: 3 }, () => 'CONNECTION_CLOSED'),
  );
});

describe('a transaction of single commands whose connection closes', () => {
  it('has ended: later commands are not part of it', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    const listeners = redis.listenerCount('close');
    const id = await redis.client('ID');
    await redis.multi({ pipeline: false });
    expect(await redis.xadd(stream, '1-1', 'a', 'b')).toBe('QUEUED');
    await cut(redis, id);
    await redis.ping();
    expect(recording.span(`xadd ${stream}`).attributes['error.type']).toBe('CONNECTION_CLOSED');
    expect(recording.open()).toStrictEqual([]);
    expect(redis.listenerCount('close')).toBe(listeners);
    const command = new Command('get', [stream]);
    redis.sendCommand(command);
    expect(Object.hasOwn(command, 'transformReply')).toBe(false);
    await command.promise.catch(() => {});
    expect(await redis.xadd(stream, '1-2', 'a', 'b')).toBe('1-2');
    await redis.multi({ pipeline: false });
    await redis.xadd(stream, '1-3', 'a', 'b');
    expect(await redis.exec()).toStrictEqual([[null, '1-3']]);
    expect(recording.open()).toStrictEqual([]);
  });

  it('continues if its MULTI had no reply yet, because ioredis sends it again', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    await cut(redis);
    // Sent without a connection.
    const replies = [
      redis.multi({ pipeline: false }),
      redis.xadd(stream, '1-1', 'a', 'b'),
      redis.xlen(stream),
      redis.exec(),
    ];
    expect(await Promise.all(replies)).toStrictEqual([
      'OK',
      'QUEUED',
      'QUEUED',
      [
        [null, '1-1'],
        [null, 1],
      ],
    ]);
    expect(recording.span(`xadd ${stream}`).attributes).toMatchObject({ 'messaging.message.id': '1-1' });
    expect(recording.open()).toStrictEqual([]);
  });
});

it('replies are not converted to text', async () => {
  const { redis } = tracedRedis();
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  for (let count = 0; count < 3; count++) await redis.xadd(stream, '*', 'a', 'b');
  await redis.multi({ pipeline: false });
  await redis.lrange(uniqueName('list'), 0, -1);
  await redis.discard();
  const text = vi.spyOn(Array.prototype, 'toString');
  try {
    await redis.xreadgroup('GROUP', group, 'one', 'STREAMS', stream, '>');
    await redis.xrange(stream, '-', '+');
    expect(text).not.toHaveBeenCalled();
  } finally {
    text.mockRestore();
  }
});
