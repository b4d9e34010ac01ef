import { trace } from '@opentelemetry/api';
import { withBaggage } from 'mqtrace';
import { expect, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { rawRedis, tracedRedis } from './setup.ts';

type Reply = [stream: string, entries: [id: string, fields: string[]][]][];

it.each([{ lazyConnect: true }, { lazyConnect: false }, { lazyConnect: true, enableAutoPipelining: true }])(
  'commands that wait for the connection, with %o, are one span each, in the context of their calls',
  async (options) => {
    const { redis, recording } = tracedRedis(options);
    const stream = uniqueName('orders');
    let connecting: string | undefined;
    redis.once('ready', () => (connecting = trace.getActiveSpan()?.spanContext().spanId));
    const [one, two] = await Promise.all(
      ['1-1', '1-2'].map((id) =>
        underSpan(recording, async (app) => {
          await withBaggage({ id }, () => redis.xadd(stream, id, 'a', id));
          return app;
        }),
      ),
    );
    const sends = recording.spans().filter(({ name }) => name === `xadd ${stream}`);
    expect(sends.map((span) => span.parentSpanContext?.spanId)).toStrictEqual([one?.spanId, two?.spanId]);
    // The connection outlives the command that opened it, and must not retain its span.
    if (options.lazyConnect) expect(connecting).toBe(one?.spanId);
    const entries = await rawRedis().xrange(stream, '-', '+');
    expect(entries.map(([, fields]) => fields.slice(2))).toStrictEqual(
      sends.map((span, at) => {
        const { traceId, spanId } = span.spanContext();
        return ['traceparent', `00-${traceId}-${spanId}-01`, 'baggage', `id=1-${at + 1}`];
      }),
    );
    expect(recording.open()).toStrictEqual([]);
  },
);

it('a read that is sent again after a lost connection is one span, that of the call', async () => {
  const connectionName = uniqueName('resend');
  const { redis, recording } = tracedRedis({ connectionName, retryStrategy: () => 1 });
  const [raw, stream] = [rawRedis(), uniqueName('orders')];
  const reading = underSpan(recording, async (app) => {
    const reply = (await redis.xread('BLOCK', 0, 'STREAMS', stream, '$')) as Reply;
    return [app, reply] as const;
  });
  const blocked = async (): Promise<string | undefined> => {
    const lines = String(await raw.client('LIST')).split('\n');
    const line = lines.find((each) => each.includes(`name=${connectionName} `) && / flags=\w*b/.test(each));
    return line && /id=(\d+)/.exec(line)?.[1];
  };
  await expect.poll(blocked).toBeDefined();
  const first = await blocked();
  await raw.client('KILL', 'ID', first!);
  await expect.poll(blocked).not.toBe(first);
  await expect.poll(blocked).toBeDefined();
  const { redis: writer, recording: written } = tracedRedis();
  await writer.xadd(stream, '*', 'a', '1');
  const [app, [[, [entry]]]] = (await reading) as unknown as [{ spanId: string }, [[string, [[string, string[]]]]]];
  expect(entry[1]).toStrictEqual(['a', '1']);
  const span = recording.span(`xread ${stream}`);
  expect(span.parentSpanContext?.spanId).toBe(app.spanId);
  expect(linked(span)).toStrictEqual([idOf(written.span(`xadd ${stream}`))]);
  expect(recording.open()).toStrictEqual([]);
});

it('a transaction within a pipeline has ids and errors from EXEC', async () => {
  const { redis, recording } = tracedRedis();
  const [stream, text] = [uniqueName('orders'), uniqueName('text')];
  await redis.set(text, 'text');
  // MULTI and EXEC within a pipeline, which the types of ioredis do not declare.
  interface Nested {
    xadd(...args: string[]): Nested;
    multi(): Nested;
    exec(): Nested & Promise<[Error | null, unknown][]>;
  }
  const results = await (redis.pipeline() as unknown as Nested)
    .xadd(stream, '1-1', 'a', '1')
    .multi()
    .xadd(stream, '1-2', 'a', '2')
    .xadd(text, '*', 'a', '3')
    .exec()
    .xadd(stream, '1-3', 'a', '4')
    .exec();
  expect(results[0]).toStrictEqual([null, '1-1']);
  expect(results.at(-1)).toStrictEqual([null, '1-3']);
  const sends = recording.spans().filter(({ name }) => name === `xadd ${stream}`);
  expect(new Set(sends.map((span) => span.attributes['messaging.message.id']))).toStrictEqual(
    new Set(['1-1', '1-2', '1-3']),
  );
  expect(sends.map((span) => span.attributes['error.type'])).toStrictEqual([undefined, undefined, undefined]);
  expect(recording.span(`xadd ${text}`).attributes['error.type']).toBe('WRONGTYPE');
  expect(recording.open()).toStrictEqual([]);
});
