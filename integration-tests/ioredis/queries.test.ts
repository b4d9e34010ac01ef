import { getBaggage, withBaggage } from 'mqtrace';
import { processMessage, type StreamEntryLike } from 'mqtrace/ioredis';
import { expect, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf } from '../../test-support/spans.ts';
import { rawRedis, tracedRedis } from './setup.ts';

type Entries = [string, string[]][];

it.each([
  ['XRANGE', (redis, stream) => redis.xrange(stream, '-', '+')],
  ['XREVRANGE', async (redis, stream) => ((await redis.xrevrange(stream, '+', '-')) as Entries).toReversed()],
  ['XRANGE in a pipeline', async (redis, stream) => (await redis.pipeline().xrange(stream, '-', '+').exec())?.[0]?.[1]],
  [
    'XRANGE in a transaction',
    async (redis, stream) => (await redis.multi().xlen(stream).xrange(stream, '-', '+').exec())?.[1]?.[1],
  ],
] as [string, (redis: ReturnType<typeof rawRedis>, stream: string) => Promise<unknown>][])(
  '%s gives the fields that were sent; its entries are processed in their own traces',
  async (_, query) => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    for (const id of ['1-1', '1-2']) await withBaggage({ id }, () => redis.xadd(stream, id, 'a', id));
    const sends = recording.spans().map(idOf);
    recording.clear();
    const entries = (await query(redis, stream)) as Entries;
    expect(entries).toStrictEqual([
      ['1-1', ['a', '1-1']],
      ['1-2', ['a', '1-2']],
    ]);
    expect(recording.spans()).toStrictEqual([]);
    for (const entry of entries) {
      processMessage(entry as StreamEntryLike, () => expect(getBaggage().getEntry('id')?.value).toBe(entry[0]));
    }
    expect(recording.spans().map((span) => [span.name, idOf(span.parentSpanContext!)])).toStrictEqual(
      sends.map((send) => [`process ${stream}`, send]),
    );
  },
);

it('XINFO STREAM returns the first and the last entry as they were sent', async () => {
  const { redis } = tracedRedis();
  const stream = uniqueName('orders');
  for (const id of ['1-1', '1-2', '1-3']) await redis.xadd(stream, id, 'a', id);
  const info = (await redis.xinfo('STREAM', stream)) as unknown[];
  const full = (await redis.xinfo('STREAM', stream, 'FULL')) as unknown[];
  const of = (reply: unknown[], name: string): unknown => reply[reply.indexOf(name) + 1];
  expect([of(info, 'first-entry'), of(info, 'last-entry')]).toStrictEqual([
    ['1-1', ['a', '1-1']],
    ['1-3', ['a', '1-3']],
  ]);
  expect(of(full, 'entries')).toStrictEqual(['1-1', '1-2', '1-3'].map((id) => [id, ['a', id]]));
});

it('with hideFields: false, and to readers without mqtrace, the trace fields are visible', async () => {
  const { redis, recording } = tracedRedis({}, { hideFields: false });
  const stream = uniqueName('orders');
  await redis.xadd(stream, '1-1', 'a', 'b');
  const [traceId, spanId] = idOf(recording.span(`xadd ${stream}`)).split('-');
  const shown = [['1-1', ['a', 'b', 'traceparent', `00-${traceId}-${spanId}-01`]]];
  expect(await redis.xrange(stream, '-', '+')).toStrictEqual(shown);
  expect(await rawRedis().xrange(stream, '-', '+')).toStrictEqual(shown);
  expect(await redis.xread('STREAMS', stream, '0')).toStrictEqual([[stream, shown]]);
});

it('entries read with NOACK are not kept for an XACK', async () => {
  const { redis, recording } = tracedRedis();
  const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
  await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  await redis.xadd(stream, '1-1', 'a', 'b');
  await redis.xadd(stream, '1-2', 'a', 'b');
  await redis.xreadgroup('GROUP', group, 'one', 'COUNT', 1, 'NOACK', 'STREAMS', stream, '>');
  await redis.xreadgroup('GROUP', group, 'one', 'COUNT', 1, 'STREAMS', stream, '>');
  await redis.xack(stream, group, '1-1');
  await redis.xack(stream, group, '1-2');
  const links = recording
    .spans()
    .filter(({ name }) => name.startsWith('xack'))
    .map((span) => span.links.length);
  expect(links).toStrictEqual([0, 1]);
});
