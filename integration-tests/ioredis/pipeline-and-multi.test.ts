import { SpanStatusCode } from '@opentelemetry/api';
import { processMessage } from 'mqtrace/ioredis';
import { describe, expect, it, vi } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { traceRedis } from 'mqtrace/ioredis';
import { recordSpans } from '../../test-support/spans.ts';
import { rawRedis, tracedRedis } from './setup.ts';

type Results = [error: Error | null, result: unknown][];

describe('a pipeline', () => {
  it('uses the context of each call and ends each span with its reply', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, other] = [uniqueName('orders'), uniqueName('other')];
    const pipeline = redis.pipeline();
    const called: [Error | null | undefined, unknown][] = [];
    const first = await underSpan(recording, (app) => {
      pipeline.xadd(stream, '1-1', 'a', '1', (error, id) => called.push([error, id]));
      return app;
    });
    pipeline.set(other, 'text').xadd(other, '*', 'a', '2').xread('STREAMS', stream, '0').get(other);
    expect(recording.open()).toStrictEqual([]);

    const results = (await pipeline.exec()) as Results;
    expect(results.map(([error]) => error?.message)).toStrictEqual([
      undefined,
      undefined,
      expect.stringMatching(/^WRONGTYPE /),
      undefined,
      undefined,
    ]);
    expect(results[3]).toStrictEqual([null, [[stream, [['1-1', ['a', '1']]]]]]);
    expect(called).toStrictEqual([[null, '1-1']]);
    const send = recording.span(`xadd ${stream}`);
    expect(send.parentSpanContext?.spanId).toBe(first.spanId);
    expect(send.attributes['messaging.message.id']).toBe('1-1');
    const failed = recording.span(`xadd ${other}`);
    expect(failed.parentSpanContext).toBeUndefined();
    expect(failed.status.code).toBe(SpanStatusCode.ERROR);
    expect(failed.attributes['error.type']).toBe('WRONGTYPE');
    // Redis generates the id; a failed command has none.
    expect(failed.attributes['messaging.message.id']).toBeUndefined();
    expect(linked(recording.span(`xread ${stream}`))).toStrictEqual([idOf(send)]);
    expect(recording.open()).toStrictEqual([]);
  });

  it('created before its client was wrapped is traced when it is sent', async () => {
    const recording = recordSpans();
    const stream = uniqueName('orders');
    const redis = rawRedis();
    const made = redis.pipeline().xadd(stream, '1-1', 'a', '1');
    const begun = redis.multi().xadd(stream, '1-2', 'a', '2').xadd(stream, '1-4', 'a', '4');
    traceRedis(redis, { tracerProvider: recording.tracerProvider });
    expect(await made.xadd(stream, '1-3', 'a', '3').exec()).toStrictEqual([
      [null, '1-1'],
      [null, '1-3'],
    ]);
    const [failed, sent] = (await begun.exec()) as Results;
    expect(failed?.[0]?.message).toMatch(/equal or smaller/);
    expect(sent).toStrictEqual([null, '1-4']);
    // Nothing indicates which command failed: the span ends without an outcome.
    await vi.waitFor(() => expect(recording.open()).toStrictEqual([]));
    const ids = recording.spans().map(({ attributes }) => attributes['messaging.message.id']);
    expect(ids).toStrictEqual(['1-1', '1-3', '1-4', '1-2']);
  });

  it('given as a batch is traced in the same way', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    const results = await redis
      .pipeline([
        ['xadd', stream, '1-1', 'a', '1'],
        ['xadd', stream, '1-2', 'a', '2'],
      ])
      .exec();
    expect(results).toStrictEqual([
      [null, '1-1'],
      [null, '1-2'],
    ]);
    expect(recording.spans().map((span) => span.attributes['messaging.message.id'])).toStrictEqual(['1-1', '1-2']);
  });

  it('never sent creates no span', async () => {
    const { redis, recording } = tracedRedis();
    redis.pipeline().xadd(uniqueName('orders'), '*', 'a', '1');
    redis.multi().xadd(uniqueName('orders'), '*', 'a', '1');
    await redis.ping();
    expect(recording.spans()).toStrictEqual([]);
    expect(recording.open()).toStrictEqual([]);
  });
});

describe.each([{ pipeline: true }, { pipeline: false }])('a transaction with %o', (options) => {
  it('has ids and errors from EXEC', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, text] = [uniqueName('orders'), uniqueName('text')];
    await redis.set(text, 'text');
    if (options.pipeline) {
      const results = (await underSpan(recording, () =>
        redis
          .multi()
          .xadd(stream, '1-1', 'a', '1')
          .incr(text)
          .xadd(text, '*', 'a', '2')
          .xread('STREAMS', stream, '0')
          .exec(),
      )) as Results;
      check(results);
    } else {
      const results = await underSpan(recording, async () => {
        await redis.multi({ pipeline: false });
        expect(await redis.xadd(stream, '1-1', 'a', '1')).toBe('QUEUED');
        await redis.incr(text);
        await redis.xadd(text, '*', 'a', '2');
        await redis.xread('STREAMS', stream, '0');
        expect(recording.open()).toContain(`xadd ${stream}`);
        return redis.exec() as Promise<Results>;
      });
      // As the raw client returns it: here ioredis does not convert it into pairs.
      if (typeof (results[3]![1] as unknown[])[0] === 'string') {
        const [name, entries] = results[3]![1] as [string, unknown];
        results[3]![1] = [[name, entries]];
      }
      check(results);
    }

    function check(results: Results): void {
      expect(results[0]).toStrictEqual([null, '1-1']);
      expect(results.map(([error]) => error?.message.split(' ', 1)[0])).toStrictEqual([
        undefined,
        'ERR',
        'WRONGTYPE',
        undefined,
      ]);
      expect(results[3]).toStrictEqual([null, [[stream, [['1-1', ['a', '1']]]]]]);
      const entry = (results[3]![1] as [[string, [[string, string[]]]]])[0][1][0];
      processMessage(entry, () => undefined);
      const send = recording.span(`xadd ${stream}`);
      expect(send.attributes['messaging.message.id']).toBe('1-1');
      expect(send.status.code).toBe(SpanStatusCode.UNSET);
      expect(recording.span(`xadd ${text}`).attributes['error.type']).toBe('WRONGTYPE');
      expect(linked(recording.span(`xread ${stream}`))).toStrictEqual([idOf(send)]);
      expect(linked(recording.span(`process ${stream}`))).toStrictEqual([idOf(send)]);
      expect(recording.open()).toStrictEqual([]);
    }
  });

  it('that is aborted (EXECABORT) fails its spans, and the caller gets the same error', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    const run = async (client: typeof redis): Promise<unknown> => {
      if (options.pipeline) return failure(() => client.multi().xadd(stream, '*', 'a', '1').xadd(stream, '*').exec());
      await client.multi({ pipeline: false });
      await client.xadd(stream, '*', 'a', '1');
      await failure(() => client.xadd(stream, '*'));
      return failure(() => client.exec());
    };
    const [error, raw] = [await run(redis), await run(rawRedis())] as [Error, Error];
    expect(error.message).toMatch(/^EXECABORT/);
    expect(error).toStrictEqual(raw);
    const types = new Set(recording.spans().map((span) => span.attributes['error.type']));
    expect(types).toStrictEqual(new Set(['ERR', 'EXECABORT']));
    expect(recording.open()).toStrictEqual([]);
  });

  it('that is undone by a watched key sends nothing, and its spans record it', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, key] = [uniqueName('orders'), uniqueName('key')];
    await redis.watch(key);
    await rawRedis().set(key, '1');
    if (options.pipeline) {
      expect(await redis.multi().xadd(stream, '*', 'a', '1').exec()).toBeNull();
    } else {
      await redis.multi({ pipeline: false });
      await redis.xadd(stream, '*', 'a', '1');
      expect(await redis.exec()).toBeNull();
    }
    expect(recording.span(`xadd ${stream}`).attributes['error.type']).toBe('ABORTED');
    expect(recording.open()).toStrictEqual([]);
  });
});

it('a discarded transaction, and one whose connection closes, leave no span open', async () => {
  const { redis, recording } = tracedRedis();
  const stream = uniqueName('orders');
  await redis.multi({ pipeline: false });
  await redis.xadd(stream, '*', 'a', '1');
  expect(await redis.discard()).toBe('OK');
  await redis.multi({ pipeline: false });
  await redis.xadd(stream, '*', 'a', '2');
  const closed = new Promise((resolve) => redis.once('end', resolve));
  redis.disconnect();
  await closed;
  expect(recording.spans().map((span) => span.attributes['error.type'])).toStrictEqual([
    'DISCARDED',
    'CONNECTION_CLOSED',
  ]);
  expect(recording.open()).toStrictEqual([]);
  expect(redis.listenerCount('close')).toBe(rawRedis().listenerCount('close'));
});

it('autopipelining uses the context of each call', async () => {
  const { redis, recording } = tracedRedis({ enableAutoPipelining: true });
  const stream = uniqueName('orders');
  const [one, two] = await Promise.all(
    ['1-1', '1-2'].map((id) =>
      underSpan(recording, async (app) => {
        expect(await redis.xadd(stream, id, 'a', id)).toBe(id);
        return app;
      }),
    ),
  );
  const parents = recording
    .spans()
    .filter(({ name }) => name === `xadd ${stream}`)
    .map((span) => span.parentSpanContext?.spanId);
  expect(parents).toStrictEqual([one?.spanId, two?.spanId]);
  expect(await redis.xread('STREAMS', stream, '1-1')).toStrictEqual([[stream, [['1-2', ['a', '1-2']]]]]);
  expect(recording.open()).toStrictEqual([]);
});
