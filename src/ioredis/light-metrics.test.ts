import { context } from '@opentelemetry/api';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { compareMetrics, contexts, type Run, within, withoutSpanIds } from '../../test-support/same-metrics.ts';
import { traceRedis } from './index.ts';
import type { Command } from './types.ts';

const step = fc.record({
  args: fc.constantFrom<[string, ...(string | Buffer)[]]>(
    ['xadd', 'a', '*', 'order', '7'],
    ['xadd', 'b', 'NOMKSTREAM', 'MAXLEN', '~', '100', '7-1', 'order', '7'],
    ['xadd', 'a', '*'],
    ['XADD', 'b', '*', 'bytes', Buffer.from([0xc3, 0x28])],
    ['xack', 'a', 'g', '1-1', '2-1'],
    ['xack', 'a', 'h', '1-1'],
    ['xreadgroup', 'GROUP', 'g', 'c', 'STREAMS', 'a', '>'],
    ['xreadgroup', 'GROUP', 'h', 'c', 'STREAMS', 'a', 'b', '>', '>'],
    ['get', 'a'],
  ),
  in: fc.constantFrom('call' as const, 'call' as const, 'pipeline' as const, 'multi' as const),
  within,
  reply: fc.constantFrom(
    'text' as const,
    'text' as const,
    'null' as const,
    'QUEUED' as const,
    'error' as const,
    'throws' as const,
    'sent again' as const,
    'never' as const,
  ),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const entry = (id: string): unknown[] => [id, ['order', '7', 'traceparent', traceparent]];

function replyTo({ name, args }: Command, how: Step['reply']): unknown {
  if (how === 'null') return null;
  if (how === 'QUEUED') return how;
  if (name.startsWith('xread')) {
    const streams = args.includes('b') ? ['a', 'b'] : ['a'];
    return streams.map((stream) => [stream, [entry('1759999990000-0'), entry('1760000900000-0')]]);
  }
  return name === 'xack' ? 1 : '1760000000000-0';
}

/** Calls commands with a clock that only the server advances; returns the outcomes, and the sent commands. */
async function run(steps: readonly Step[], { options, clock }: Run): Promise<object> {
  let current: Step | undefined;
  let again: Command | undefined;
  const sent: unknown[] = [];
  class Stub extends Redis {
    override sendCommand(command: never, stream?: never): unknown {
      const told = command as unknown as Command & { promise: unknown; resolve(reply: unknown): void };
      clock.ticks += 3;
      if (current?.within !== 'nothing') sent.push(withoutSpanIds(told.args));
      if (stream === undefined && current?.reply === 'throws') throw new RangeError('not sent');
      if (stream === undefined && current?.reply === 'never') return told.promise;
      if (stream === undefined && current?.reply === 'sent again' && again !== told) {
        // As ioredis does after a lost connection.
        again = told;
        queueMicrotask(() => traced.sendCommand(command));
        return told.promise;
      }
      queueMicrotask(() => {
        clock.ticks += 5;
        if (current?.reply === 'error') told.reject(Object.assign(new Error('WRONGTYPE'), { name: 'ReplyError' }));
        else told.resolve(replyTo(told, current?.reply ?? 'text'));
      });
      return told.promise;
    }
  }
  const redis = new Stub({ lazyConnect: true });
  (redis as { status: string }).status = 'ready';
  const traced = traceRedis(redis, options);
  const outcomes: unknown[] = [];
  /** ioredis never settles commands that wait for a connection when their client is disconnected. */
  const lose = (outcome: Promise<unknown>): void => {
    void outcome;
    (redis as { status: string }).status = 'reconnecting';
    redis.disconnect();
    (redis as { status: string }).status = 'ready';
  };
  for (const each of steps) {
    clock.ticks += 17;
    current = each;
    const [name, ...args] = each.args;
    try {
      const outcome = context.with(contexts[each.within], () => {
        if (each.in === 'call') return traced.call(name, ...args);
        const pipeline = each.in === 'multi' ? traced.multi() : traced.pipeline();
        return pipeline.call(name, ...args).exec();
      });
      if (each.in === 'call' && each.reply === 'never') lose(outcome);
      else outcomes.push(await outcome);
    } catch (error) {
      outcomes.push(String(error));
    }
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return { outcomes, sent };
}

test('commands without a span have the metrics of others', async () => {
  const faults = await compareMetrics(fc.array(step, { maxLength: 10 }), 200, run);
  expect(faults).toBe(0);
});
