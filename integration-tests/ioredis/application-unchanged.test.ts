import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { suppressTracing, W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { Redis } from 'ioredis';
import { withBaggage } from 'mqtrace';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { describe, expect, it, vi } from 'vitest';
import { deepFreeze, failure, uniqueName } from '../../test-support/inputs.ts';
import { recordSpans } from '../../test-support/spans.ts';
import { rawRedis, tracedRedis } from './setup.ts';

const traceFields = new Set(['traceparent', 'tracestate', 'baggage']);

describe('a traced client', () => {
  it('is the same object and looks unchanged', async () => {
    const raw = rawRedis();
    const given = rawRedis();
    expect(traceRedis(given)).toBe(given);
    expect(traceRedis(given)).toBe(given);
    expect(Object.keys(given)).toStrictEqual(Object.keys(raw));
    for (const name of ['sendCommand', 'pipeline', 'multi', 'duplicate', 'xadd'] as const) {
      expect([given[name].name, given[name].length]).toStrictEqual([raw[name].name, raw[name].length]);
    }
    expect(Object.hasOwn(Redis.prototype, 'sendCommand')).toBe(true);
    expect(await raw.ping()).toBe('PONG');
  });

  it('returns what a raw client returns, for every command and every way to call it', async () => {
    const group = uniqueName('billing');
    const calls: ((redis: Redis, key: string) => unknown)[] = [
      (redis, key) => redis.xadd(key, '1-1', 'a', 1, 'b', Buffer.from([0xff])),
      (redis, key) => redis.xadd([key, '1-2', 'a', 'b'] as never),
      (redis, key) => redis.xadd([key, '1-3', ['a', 'b']] as never),
      (redis, key) => redis.xadd(key, 'MAXLEN', '~', 100, 'LIMIT', 10, '1-3', 'a', 'b'),
      (redis, key) => redis.xadd(key, 'NOMKSTREAM', '1-4', 'a', null as never),
      (redis, key) => redis.xadd(`${key}-none`, 'NOMKSTREAM', '*', 'a', 'b'),
      (redis, key) => redis.xaddBuffer(key, '1-5', 'a', 'b'),
      (redis, key) => redis.call('XADD', key, '1-6', 'a', 'b'),
      (redis, key) => redis.call('xadd', [key, '1-7', 'a', 'b']),
      (redis, key) => new Promise((resolve) => void redis.xadd(key, '1-8', 'a', 'b', (...args) => resolve(args))),
      (redis, key) => redis.xadd(key, '1-8', 'a', 'b'),
      (redis, key) => redis.xadd(key, '1-9', 'a'),
      (redis, key) => redis.xadd(key, 'WHAT', '1-9', 'a', 'b'),
      (redis) => redis.xadd(...([] as unknown as [string])),
      (redis, key) => new Promise((resolve) => void redis.xadd(key, '0-0', 'a', 'b', (...args) => resolve(args))),
      (redis, key) => redis.xgroup('CREATE', key, group, '0'),
      (redis, key) => redis.xread('COUNT', 2, 'STREAMS', key, '0'),
      (redis, key) => redis.xreadBuffer('COUNT', 2, 'STREAMS', key, '0'),
      (redis, key) => redis.call('XREAD', 'STREAMS', key, '0'),
      (redis, key) => redis.xread('BLOCK', 1, 'STREAMS', key, '$'),
      (redis, key) => redis.xreadgroup('GROUP', group, 'one', 'COUNT', 3, 'STREAMS', key, '>'),
      (redis, key) => redis.xreadgroupBuffer('GROUP', group, 'one', 'NOACK', 'STREAMS', key, '>'),
      (redis, key) => redis.xreadgroup('GROUP', `${group}-none`, 'one', 'STREAMS', key, '>'),
      (redis, key) => redis.xdel(key, '1-2'),
      (redis, key) => redis.xreadgroup('GROUP', group, 'one', 'STREAMS', key, '0'),
      (redis, key) => redis.xclaim(key, group, 'two', 0, '1-1'),
      (redis, key) => redis.callBuffer('xclaim', key, group, 'two', 0, '1-1'),
      (redis, key) => redis.xclaim(key, group, 'two', 0, '1-1', 'JUSTID'),
      (redis, key) => redis.xautoclaim(key, group, 'two', 0, '0', 'COUNT', 1),
      (redis, key) => redis.xautoclaim(key, group, 'two', 0, '0', 'JUSTID'),
      (redis, key) => redis.xautoclaim(key, group, 'two', 0, '0'),
      (redis, key) => redis.xack(key, group, '1-1', '1-3', '9-9'),
      (redis, key) => redis.xpending(key, group),
      (redis, key) => redis.multi().xadd(key, '2-1', 'a', 'b').xread('STREAMS', key, '2-0').exec(),
      (redis, key) =>
        redis
          .multi([['xadd', key, '2-2', 'a', 'b']])
          .xaddBuffer(key, '2-3', 'a', 'b')
          .exec(),
      (redis, key) =>
        redis
          .pipeline([['xadd', key, '2-4', 'a', 'b']])
          .xadd(key, '2-4', 'a', 'b')
          .exec(),
      (redis, key) => redis.pipeline().xadd(key, '2-5', 'a', 'b').xreadBuffer('STREAMS', key, '2-4').exec(),
      (redis, key) => redis.xrange(key, '-', '+'),
      (redis, key) => redis.xrange(key, '-', '+', 'COUNT', 1, (() => undefined) as never),
      (redis, key) => redis.xrevrangeBuffer(key, '+', '-', 'COUNT', 2),
      (redis, key) => redis.call('XRANGE', key, '-', '+'),
      (redis, key) => redis.xinfo('STREAM', key),
      (redis, key) => redis.xinfo('STREAM', `${key}-none`),
      (redis, key) => redis.callBuffer('XINFO', 'stream', key),
      (redis, key) => redis.pipeline().xrange(key, '-', '+').xinfo('STREAM', key).exec(),
      (redis, key) => redis.multi().xrevrange(key, '+', '-').xinfo('STREAM', key).exec(),
      async (redis, key) => {
        const full = (await redis.xinfo('STREAM', key, 'FULL')) as unknown[] | Record<string, unknown>;
        return Array.isArray(full) ? full[full.indexOf('entries') + 1] : full['entries'];
      },
      async (redis, key) => {
        if (redis.options.enableAutoPipelining) return undefined;
        await redis.multi({ pipeline: false });
        const queued = [await redis.xrange(key, '-', '+'), await redis.xinfo('STREAM', key)];
        return [queued, await redis.exec()];
      },
      (redis) => redis.sendCommand(undefined as never),
      (redis) => redis.eval("return redis.call('PING')", 0),
      (redis, key) => redis.xlen(key),
    ];
    const settled = async (call: () => unknown): Promise<unknown> => {
      try {
        return await call();
      } catch (error) {
        return error;
      }
    };
    const modes: object[] = [
      {},
      { protocol: 2 },
      { protocol: 3, replyMapping: 'resp3' },
      { enableAutoPipelining: true },
      { keyPrefix: 'app:' },
    ];
    for (const mode of modes) {
      const key = uniqueName('orders');
      const raw = rawRedis({ ...mode, db: 1 });
      const { redis, recording } = tracedRedis(mode);
      for (const [at, call] of calls.entries()) {
        const [expected, got] = await Promise.all([settled(() => call(raw, key)), settled(() => call(redis, key))]);
        expect(got, `${JSON.stringify(mode)} call ${at}: ${String(call)}`).toStrictEqual(expected);
        if (expected instanceof Error) expect({ ...(got as object) }).toStrictEqual({ ...(expected as object) });
      }
      expect(recording.open()).toStrictEqual([]);
      // The entries were found in every reply format.
      const reads = recording
        .spans()
        .filter(({ name, status }) => name.startsWith('xread') && status.code === SpanStatusCode.UNSET);
      expect(reads.map(({ links }) => links.length)).toStrictEqual([2, 2, 8, 3, 5, 2, 1, 1]);
      await raw.del(key);
    }
  });

  it('never modifies its input, and nothing of one message is in the next', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    const args = deepFreeze([stream, '*', 'a', Buffer.from('b')]);
    await withBaggage({ tenant: 'acme' }, () => redis.xadd(args as never));
    await redis.xadd(args as never);
    const batch = deepFreeze([['xadd', stream, '*', 'a', 'b']]);
    await redis.pipeline(batch).exec();
    await redis.multi(batch).exec();
    const entries = (await rawRedis().xrange(stream, '-', '+')).map(([, fields]) => fields);
    const ids = recording.spans().map((span) => span.spanContext());
    expect(entries.map((fields) => fields.slice(2))).toStrictEqual([
      ['traceparent', `00-${ids[0]?.traceId}-${ids[0]?.spanId}-01`, 'baggage', 'tenant=acme'],
      ...ids.slice(1).map(({ traceId, spanId }) => ['traceparent', `00-${traceId}-${spanId}-01`]),
    ]);
  });

  it("leaves the application's own fields with the name of a trace field unchanged", async () => {
    const { redis } = tracedRedis();
    const stream = uniqueName('orders');
    await redis.xadd(stream, '1-1', 'traceparent', 'mine', 'baggage', 'two bags', 'a', 'b');
    expect(await redis.xread('STREAMS', stream, '0')).toStrictEqual([
      [stream, [['1-1', ['traceparent', 'mine', 'baggage', 'two bags', 'a', 'b']]]],
    ]);
    const { redis: open } = tracedRedis({}, { hideFields: false });
    const [[, [[, fields]]]] = (await open.xread('STREAMS', stream, '0')) as [[string, [[string, string[]]]]];
    expect(fields.slice(0, 7)).toStrictEqual(['traceparent', 'mine', 'baggage', 'two bags', 'a', 'b', 'traceparent']);
  });

  it('sends a message unchanged if tracing is suppressed, and still hides the trace fields of others', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    await redis.xadd(stream, '1-1', 'a', 'b');
    recording.clear();
    const suppressed = suppressTracing(context.active());
    await context.with(suppressed, async () => {
      await redis.xadd(stream, '1-2', 'a', 'b');
      await redis.pipeline().xadd(stream, '1-3', 'a', 'b').exec();
      const [[, entries]] = (await redis.xread('STREAMS', stream, '0')) as [[string, [string, string[]][]]];
      expect(entries.map(([, fields]) => fields)).toStrictEqual([
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
      ]);
      expect(processMessage(entries[0]!, () => trace.getActiveSpan())).toBeUndefined();
      await failure(() => redis.xread('STREAMS', stream, 'wrong'));
    });
    expect(recording.spans()).toStrictEqual([]);
    const raw = await rawRedis().xrange(stream, '1-2', '+');
    expect(raw.flatMap(([, fields]) => fields).filter((field) => traceFields.has(field))).toStrictEqual([]);
  });

  it('works without sampling, with the user’s propagator, and with junk as baggage', async () => {
    const unsampled = recordSpans({ sampler: new AlwaysOffSampler() });
    const { redis } = tracedRedis({}, { recording: unsampled, propagator: new W3CTraceContextPropagator() });
    const stream = uniqueName('orders');
    await withBaggage({ a: 'b' }, () => redis.xadd(stream, '1-1', 'a', 'b'));
    await rawRedis().xadd(
      stream,
      '1-2',
      'a',
      'b',
      'baggage',
      'x'.repeat(1_000_000),
      'traceparent',
      Buffer.from([0xff, 0]),
    );
    const [[, fields]] = (await rawRedis().xrange(stream, '1-1', '1-1')) as [[string, string[]]];
    expect(fields).toStrictEqual(['a', 'b', 'traceparent', expect.stringMatching(/-00$/)]);
    const { redis: reader, recording } = tracedRedis();
    const [[, entries]] = (await reader.xread('STREAMS', stream, '0')) as [[string, [string, string[]][]]];
    expect(entries[0]?.[1]).toStrictEqual(['a', 'b']);
    processMessage(entries[1]!, () => expect(propagation.getActiveBaggage()?.getAllEntries() ?? []).toStrictEqual([]));
    expect(recording.span(`process ${stream}`).parentSpanContext).toBeUndefined();
  });

  it('leaves no span open when it is closed during commands', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    const blocked = failure(() => redis.xread('BLOCK', 0, 'STREAMS', stream, '$'));
    const sending = failure(() => redis.xadd(stream, '*', 'a', 'b'));
    const piped = redis.pipeline().xadd(stream, '*', 'a', 'b').exec();
    await vi.waitFor(() => expect(redis.status).toBe('ready'));
    redis.disconnect();
    expect(await Promise.all([blocked, sending])).toMatchObject([{ message: 'Connection is closed.' }, {}]);
    expect((await piped)?.[0]?.[0]).toBeInstanceOf(Error);
    expect(recording.open()).toStrictEqual([]);
    expect(recording.spans().map(({ name }) => name)).toStrictEqual([`xadd ${stream}`, `xadd ${stream}`]);
    expect(recording.spans().map((span) => span.attributes['error.type'])).toStrictEqual([
      'CONNECTION_CLOSED',
      'CONNECTION_CLOSED',
    ]);
  });

  it('duplicate() is traced as well, and the entries of both clients are known on both', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const copy = redis.duplicate();
    try {
      await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
      await copy.xadd(stream, '1-1', 'a', 'b');
      await copy.xadd(stream, '1-2', 'a', 'b');
      await copy.xreadgroup('GROUP', group, 'one', 'STREAMS', stream, '>');
      await redis.xack(stream, group, '1-1', '1-2', '1-3');
    } finally {
      copy.disconnect();
    }
    const settle = recording.span(`xack ${stream}`);
    expect(settle.links.map((link) => link.attributes?.['messaging.message.id'])).toStrictEqual(['1-1', '1-2']);
    expect(settle.attributes['messaging.batch.message_count']).toBe(3);
  });
});
