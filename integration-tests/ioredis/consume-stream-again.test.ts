import { expect, it, vi } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { blockedReader, consume } from './consuming.ts';
import { rawRedis, tracedRedis } from './setup.ts';

it('a stream that was deleted and created again with lower ids is read from its beginning', async () => {
  const connectionName = uniqueName('again');
  const { redis } = tracedRedis({ connectionName });
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  const raw = rawRedis();
  await raw.xadd(stream, '9-1', 'n', '1');
  const consumer = consume(redis, { streams: stream, group, blockMs: 60_000 });
  await consumer.next(1);
  await blockedReader(connectionName);
  await raw.multi().del(stream).xadd(stream, '1-1', 'n', '2').exec();
  await consumer.next(2);
  await blockedReader(connectionName);
  await raw.del(stream);
  // Created empty by the consumer, and filled with lower ids afterwards.
  await vi.waitFor(async () => expect(await raw.exists(stream)).toBe(1));
  await raw.xadd(stream, '0-5', 'n', '3');
  await consumer.next(3);
  await raw.xgroup('DESTROY', stream, group);
  await raw.xadd(stream, '0-6', 'n', '4');
  await consumer.next(4);
  await consumer.stop();
  // The last time only the group was lost: the consumer continues at its position.
  expect(consumer.handled.map(({ id }) => id)).toStrictEqual(['9-1', '1-1', '0-5', '0-6']);
});

it.each(['0', '$'])(
  'a stream that was created again with ids above the last one seen is read from its beginning (%s)',
  async (from) => {
    const connectionName = uniqueName('again');
    const { redis } = tracedRedis({ connectionName });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const raw = rawRedis();
    await raw.xadd(stream, '5-1', 'n', 'before');
    const consumer = consume(redis, { streams: stream, group, from, blockMs: 60_000 });
    await blockedReader(connectionName);
    await raw.multi().del(stream).xadd(stream, '1-1', 'n', '1').xadd(stream, '9-9', 'n', '2').exec();
    await consumer.next(from === '$' ? 2 : 3);
    await blockedReader(connectionName);
    // Only the group was lost: handled entries are not handled again, and none is missed.
    await raw.multi().xgroup('DESTROY', stream, group).xadd(stream, '9-10', 'n', '3').exec();
    await consumer.next(from === '$' ? 3 : 4);
    await consumer.stop();
    const again = ['1-1', '9-9', '9-10'];
    expect(consumer.handled.map(({ id }) => id)).toStrictEqual(from === '$' ? again : ['5-1', ...again]);
  },
);

it('a group that starts with new entries, and is lost before the first one, misses none and delivers no old one', async () => {
  const connectionName = uniqueName('lost');
  const { redis } = tracedRedis({ connectionName });
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  const raw = rawRedis();
  await raw.xadd(stream, '5-1', 'n', 'old');
  const consumer = consume(redis, { streams: stream, group, from: '$', blockMs: 60_000 });
  await blockedReader(connectionName);
  await raw.multi().xgroup('DESTROY', stream, group).xadd(stream, '5-2', 'n', 'new').exec();
  await consumer.next(1);
  await consumer.stop();
  expect(consumer.handled.map(({ id }) => id)).toStrictEqual(['5-2']);
});
