import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { Command, type Redis, ReplyError } from 'ioredis';
import { expect, it } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { type Recording, recordSpans } from '../../test-support/spans.ts';
import { cut, fieldsIn, tracedRedis } from './setup.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const sampled = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00f067aa0ba902b1', traceFlags: 1 });

/** The fields of entries that were sent in the spans of these XADDs. */
const carrying = (recording: Recording): string[][] =>
  recording
    .spans()
    .filter(({ name }) => name.startsWith('xadd'))
    .map((span) => ['a', 'b', 'traceparent', `00-${traceId}-${span.spanContext().spanId}-01`]);

const ways: Record<string, (redis: Redis, stream: string) => Promise<unknown>> = {
  commands: (redis, stream) => Promise.all([1, 2].map(() => redis.xadd(stream, '*', 'a', 'b'))),
  'a pipeline': (redis, stream) => redis.pipeline().xadd(stream, '*', 'a', 'b').xadd(stream, '*', 'a', 'b').exec(),
  'a transaction': (redis, stream) => redis.multi().xadd(stream, '*', 'a', 'b').xadd(stream, '*', 'a', 'b').exec(),
};

it.each(Object.entries(ways))(
  '%s with spans carry their contexts, before and after the connection',
  async (_, send) => {
    const { redis, recording } = tracedRedis({ lazyConnect: true }, { propagator: 'mqtrace' });
    for (let round = 1; round <= 2; round++) {
      recording.clear();
      const stream = uniqueName('orders');
      await context.with(sampled, () => send(redis, stream));
      expect(recording.spans()).toHaveLength(2);
      expect(await fieldsIn(stream)).toStrictEqual(carrying(recording));
    }
  },
);

it.each(['commands', 'a pipeline'])('%s with spans that are sent again carry the same contexts', async (way) => {
  const { redis, recording } = tracedRedis({}, { propagator: 'mqtrace' });
  const stream = uniqueName('orders');
  const id = await redis.client('ID');
  // Written behind a command that blocks, and lost with it.
  void redis.xread('BLOCK', 300, 'STREAMS', uniqueName('empty'), '$').catch(() => {});
  const sent = context.with(sampled, () => ways[way]!(redis, stream));
  await cut(redis, id);
  await sent;
  expect(carrying(recording)).toHaveLength(2);
  expect(await fieldsIn(stream)).toStrictEqual(carrying(recording));
});

it('a kept creation context is not replaced when the command is sent again', async () => {
  const { redis, recording } = tracedRedis({}, { propagator: 'mqtrace', existingContext: 'keep' });
  const stream = uniqueName('orders');
  const existing = ['a', 'b', 'traceparent', `00-${traceId}-00f067aa0ba902b2-01`];
  const id = await redis.client('ID');
  void redis.xread('BLOCK', 300, 'STREAMS', uniqueName('empty'), '$').catch(() => {});
  const sent = context.with(sampled, () => redis.xadd(stream, '*', ...existing));
  await cut(redis, id);
  await sent;
  expect(await fieldsIn(stream)).toStrictEqual([existing]);
  expect(recording.spans().filter(({ name }) => name === `xadd ${stream}`)).toHaveLength(1);
});

it('a command with a span has the arguments of the application after it was written, and so has its error', async () => {
  const { redis } = tracedRedis({}, { recording: recordSpans(), propagator: 'mqtrace' });
  const stream = uniqueName('orders');
  await redis.xadd(stream, '5-5', 'a', 'b');
  const args = [stream, '1-1', 'traceparent', 'own', 'a', 'b', 'baggage', 'old=1'];
  const command = new Command('xadd', args, { replyEncoding: 'utf8' });
  const sending = context.with(sampled, () => redis.sendCommand(command)) as Promise<unknown>;
  expect(command.args).toStrictEqual(args);
  const error = await failure(() => sending);
  expect(error).toBeInstanceOf(ReplyError);
  expect(error).toMatchObject({ command: { name: 'xadd', args } });
});
