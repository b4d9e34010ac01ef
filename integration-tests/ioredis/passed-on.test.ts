import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { Command, type Redis, ReplyError } from 'ioredis';
import { expect, it } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { recordSpans } from '../../test-support/spans.ts';
import { cut, fieldsIn, rawRedis, tracedRedis } from './setup.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const unsampled = (spanId: string): Context =>
  propagation.setBaggage(
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 0 }),
    propagation.createBaggage({ tenant: { value: spanId } }),
  );
const [one, two] = ['00f067aa0ba902b1', '00f067aa0ba902b2'] as const;
const carried = (spanId: string): string[] => [
  'traceparent',
  `00-${traceId}-${spanId}-00`,
  'baggage',
  `tenant=${spanId}`,
];

/** A client whose XADDs in an unsampled trace have no span. */
function passing(options = {}, fastPath = true): ReturnType<typeof tracedRedis> {
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) });
  return tracedRedis(options, { recording: recordSpans({ sampler }), propagator: 'mqtrace', fastPath });
}

/** The ways to send two entries, each in its own context. */
const ways: Record<string, (redis: Redis, stream: string) => Promise<unknown>> = {
  commands: (redis, stream) =>
    Promise.all([one, two].map((id) => context.with(unsampled(id), () => redis.xadd(stream, '*', 'a', 'b')))),
  'a pipeline': (redis, stream) => {
    const pipeline = redis.pipeline();
    for (const id of [one, two]) context.with(unsampled(id), () => pipeline.xadd(stream, '*', 'a', 'b'));
    return pipeline.exec();
  },
  'a transaction': (redis, stream) => {
    const transaction = redis.multi();
    for (const id of [one, two]) context.with(unsampled(id), () => transaction.xadd(stream, '*', 'a', 'b'));
    return transaction.exec();
  },
  'a transaction of single commands': async (redis, stream) => {
    redis.multi({ pipeline: false }).catch(() => {});
    for (const id of [one, two])
      context.with(unsampled(id), () => void redis.xadd(stream, '*', 'a', 'b').catch(() => {}));
    return redis.exec();
  },
};

const expected = [one, two].map((id) => ['a', 'b'].concat(carried(id)));

it.each(Object.entries(ways))('%s carry the contexts of their calls while connected', async (_, send) => {
  const { redis, recording } = passing();
  await redis.ping();
  const stream = uniqueName('orders');
  await send(redis, stream);
  expect(await fieldsIn(stream)).toStrictEqual(expected);
  expect(recording.spans()).toStrictEqual([]);
});

it.each(Object.entries(ways))('%s that wait for the connection carry the contexts of their calls', async (_, send) => {
  for (const lazyConnect of [true, false]) {
    const { redis } = passing({ lazyConnect });
    const stream = uniqueName('orders');
    await send(redis, stream);
    expect(await fieldsIn(stream)).toStrictEqual(expected);
  }
});

it.each(['commands', 'a pipeline'])('%s that are sent again carry the contexts of their calls', async (way) => {
  const { redis } = passing();
  const stream = uniqueName('orders');
  const id = await redis.client('ID');
  // Written behind a command that blocks, and lost with it.
  void redis.xread('BLOCK', 300, 'STREAMS', uniqueName('empty'), '$').catch(() => {});
  const sent = ways[way]!(redis, stream);
  await cut(redis, id);
  expect(await fieldsIn(stream)).toStrictEqual([]);
  await sent;
  expect(await fieldsIn(stream)).toStrictEqual(expected);
});

it('commands and errors have the arguments of the application', async () => {
  const { redis } = passing();
  const stream = uniqueName('orders');
  await redis.xadd(stream, '5-5', 'a', 'b');
  const args = [stream, '1-1', 'traceparent', 'own', 'a', 'b', 'baggage', 'old=1'];
  const command = new Command('xadd', args, { replyEncoding: 'utf8' });
  const sending = context.with(unsampled(one), () => redis.sendCommand(command)) as Promise<unknown>;
  expect(command.args).toStrictEqual(args);
  const error = await failure(() => sending);
  expect(error).toBeInstanceOf(ReplyError);
  expect(error).toMatchObject({ command: { name: 'xadd', args } });
  const [results] = [await context.with(unsampled(one), () => redis.pipeline().xadd(stream, '1-1', 'a', 'b').exec())];
  expect(results![0]![0]).toMatchObject({ command: { name: 'xadd', args: [stream, '1-1', 'a', 'b'] } });
});

it('trace fields of an earlier message are replaced', async () => {
  const { redis } = passing();
  const stream = uniqueName('orders');
  await context.with(unsampled(one), () =>
    redis.xadd(stream, '*', 'traceparent', 'own', 'a', 'b', 'traceparent', 'old', 'baggage', 'old=1'),
  );
  expect(await fieldsIn(stream)).toStrictEqual([['traceparent', 'own', 'a', 'b', ...carried(one)]]);
});

it('an XACK without a span acknowledges its entries, also if it waits for the connection or is in a transaction', async () => {
  const { redis, recording } = passing({ lazyConnect: true });
  const raw = rawRedis();
  const stream = uniqueName('orders');
  // An XADD has its id there: nothing may be appended.
  const group = '*';
  await raw.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  const ids = await Promise.all(Array.from({ length: 6 }, () => raw.xadd(stream, '*', 'a', 'b')));
  await raw.xreadgroup('GROUP', group, 'c', 'STREAMS', stream, '>');
  const acknowledge = async (from: number): Promise<unknown> =>
    context.with(unsampled(one), () => redis.xack(stream, group, ids[from]!, ids[from + 1]!));
  expect(await acknowledge(0)).toBe(2);
  expect(await acknowledge(2)).toBe(2);
  redis.multi({ pipeline: false }).catch(() => {});
  acknowledge(4).catch(() => {});
  expect(await redis.exec()).toStrictEqual([[null, 2]]);
  expect(await raw.xpending(stream, group)).toStrictEqual([0, null, null, null]);
  expect(recording.spans()).toStrictEqual([]);
});
