import { SpanKind } from '@opentelemetry/api';
import { getBaggage, withBaggage } from 'mqtrace';
import { processMessage, type StreamEntryLike } from 'mqtrace/ioredis';
import { describe, expect, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, type Recording, underSpan } from '../../test-support/spans.ts';
import { rawRedis, serverAttributes, tracedRedis } from './setup.ts';

type Traced = ReturnType<typeof tracedRedis>;

/** Three entries that a consumer received and left pending; the second was deleted afterwards. */
async function leftPending(options = {}): Promise<Traced & { key: string; stream: string; group: string }> {
  const { redis, recording } = tracedRedis({ keyPrefix: 'app:', ...options });
  const [key, group] = [uniqueName('orders'), uniqueName('billing')];
  await redis.xgroup('CREATE', key, group, '0', 'MKSTREAM');
  for (const id of ['1-1', '1-2', '1-3']) {
    await withBaggage({ id }, () => redis.xadd(key, id, 'a', id));
  }
  await rawRedis({ keyPrefix: 'app:' }).xreadgroup('GROUP', group, 'gone', 'STREAMS', key, '>');
  await rawRedis({ keyPrefix: 'app:' }).xdel(key, '1-2');
  return { redis, recording, key, stream: `app:${key}`, group };
}

const sends = (recording: Recording, stream: string): string[] =>
  recording
    .spans()
    .filter(({ name }) => name === `xadd ${stream}`)
    .map(idOf);

const modes = [{}, { protocol: 2 as const }, { protocol: 3 as const, replyMapping: 'resp3' as const }];

describe.each(modes)('with %o', (mode) => {
  it.each([
    ['xclaim', (redis, key, group) => redis.xclaim(key, group, 'two', 0, '1-1', '1-3')],
    ['xautoclaim', async (redis, key, group) => (await redis.xautoclaim(key, group, 'two', 0, '0'))[1]],
    ['xclaim', (redis, key, group) => redis.callBuffer('XCLAIM', key, group, 'two', 0, '1-1', '1-3')],
    [
      'xautoclaim',
      async (redis, key, group) => {
        const [[, reply]] = (await redis.pipeline().xautoclaim(key, group, 'two', 0, '0').exec()) as [
          [null, unknown[]],
        ];
        return reply[1];
      },
    ],
  ] as [string, (redis: Traced['redis'], key: string, group: string) => unknown][])(
    '%s is a receive with links to its entries; each entry is processed in its own trace',
    async (name, claim) => {
      const { redis, recording, key, stream, group } = await leftPending(mode);
      const [entries, app] = await underSpan(recording, async (span) => [
        (await claim(redis, key, group)) as StreamEntryLike[],
        span,
      ]);
      const given = entries.filter((entry) => entry !== null);
      expect(given.map(([id, fields]) => [String(id), fields?.map(String)])).toStrictEqual([
        ['1-1', ['a', '1-1']],
        ['1-3', ['a', '1-3']],
      ]);
      const span = recording.span(`${name} ${stream}`);
      const [first, , third] = sends(recording, stream);
      expect(span.kind).toBe(SpanKind.CLIENT);
      expect(span.parentSpanContext?.spanId).toBe(app.spanId);
      expect(linked(span)).toStrictEqual([first, third]);
      expect(span.links.map((link) => link.attributes)).toStrictEqual([
        { 'messaging.message.id': '1-1' },
        { 'messaging.message.id': '1-3' },
      ]);
      expect(span.attributes).toStrictEqual({
        'messaging.system.name': 'redis',
        'messaging.operation.name': name,
        'messaging.operation.type': 'receive',
        'messaging.destination.name': stream,
        'messaging.batch.message_count': 2,
        'messaging.consumer.group.name': group,
        'messaging.client.id': 'two',
        ...serverAttributes(),
      });
      for (const entry of given) {
        processMessage(entry, () => expect(getBaggage().getEntry('id')?.value).toBe(String(entry[0])));
      }
      const processed = recording.spans().filter((each) => each.name === `process ${stream}`);
      expect(processed.map((each) => idOf(each.parentSpanContext!))).toStrictEqual([first, third]);
      await redis.xack(key, group, '1-3');
      expect(linked(recording.span(`xack ${stream}`))).toStrictEqual([third]);
      expect(recording.open()).toStrictEqual([]);
    },
  );

  it.each([
    ['xclaim', (redis, key, group) => redis.xclaim(key, group, 'two', 0, '1-1', '1-3', 'JUSTID')],
    ['xautoclaim', (redis, key, group) => redis.xautoclaim(key, group, 'two', 0, '0', 'JUSTID')],
  ] as [string, (redis: Traced['redis'], key: string, group: string) => Promise<unknown>][])(
    '%s with JUSTID counts what it gives',
    async (name, claim) => {
      const { redis, recording, key, stream, group } = await leftPending(mode);
      await claim(redis, key, group);
      const span = recording.span(`${name} ${stream}`);
      expect([span.attributes['messaging.batch.message_count'], span.links]).toStrictEqual([2, []]);
      recording.clear();
      await redis.xclaim(key, group, 'three', 1_000_000, '1-1');
      await redis.xautoclaim(key, group, 'three', 1_000_000, '0', 'JUSTID');
      expect(recording.spans()).toStrictEqual([]);
    },
  );

  it('a deleted entry arrives without fields and is processed like that', async () => {
    const { redis, recording, key, stream, group } = await leftPending(mode);
    const reader = rawRedis({ keyPrefix: 'app:' });
    await reader.xclaim(key, group, 'two', 0, '1-1', '1-3');
    const reply = (await redis.xreadgroup('GROUP', group, 'gone', 'STREAMS', key, '0')) as unknown;
    const [[id, fields]] = (
      Array.isArray(reply) ? (reply as [[string, [[string, null]]]])[0][1] : Object.values(reply as object)[0]
    ) as [[string, string[] | null]];
    expect([id, fields]).toStrictEqual(['1-2', null]);
    const span = recording.span(`xreadgroup ${stream}`);
    expect([span.attributes['messaging.batch.message_count'], span.links]).toStrictEqual([1, []]);
    expect(processMessage([id, fields], () => getBaggage().getAllEntries())).toStrictEqual([]);
    expect(recording.open()).toStrictEqual([]);
  });
});
