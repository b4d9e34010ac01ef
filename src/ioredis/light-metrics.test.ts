import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, NodeTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { replaceClocks } from '../../test-support/clock.ts';
import { tracingFaults } from '../common/faults.ts';
import { suppressTracing } from '../common/suppression.ts';
import { MetricsReader } from '../metrics/reader.ts';
import { readSeries } from '../metrics/testing/read-series.ts';
import { traceRedis } from './index.ts';
import type { Command } from './types.ts';

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
afterAll(() => context.disable());
afterEach(() => void vi.restoreAllMocks());

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
  within: fc.constantFrom('unsampled' as const, 'unsampled' as const, 'nothing' as const, 'suppressed' as const),
  reply: fc.constantFrom('text' as const, 'text' as const, 'null' as const, 'error' as const, 'throws' as const),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 0,
});
const contexts = { unsampled, nothing: ROOT_CONTEXT, suppressed: suppressTracing(unsampled) };

/** The slow way creates an unsampled span, of which only the id reaches the client. */
const withoutSpanIds = (args: unknown): string => JSON.stringify(args).replaceAll(/-[\da-f]{16}-/g, '-id-');

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const entry = (id: string): unknown[] => [id, ['order', '7', 'traceparent', traceparent]];

function replyTo({ name, args }: Command, how: Step['reply']): unknown {
  if (how === 'null') return null;
  if (name.startsWith('xread')) {
    const streams = args.includes('b') ? ['a', 'b'] : ['a'];
    return streams.map((stream) => [stream, [entry('1759999990000-0'), entry('1760000900000-0')]]);
  }
  return name === 'xack' ? 1 : '1760000000000-0';
}

/** Calls commands with a clock that only the server advances; returns all series, the outcomes, and the sent commands. */
async function run(steps: readonly Step[], fastPath: boolean): Promise<object> {
  const reader = new MetricsReader('cumulative');
  const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  let ticks = 10_000_000;
  replaceClocks(
    () => ticks,
    () => 1_759_990_000_000 + ticks,
  );
  let current: Step | undefined;
  const sent: unknown[] = [];
  class Stub extends Redis {
    override sendCommand(command: never, stream?: never): unknown {
      const told = command as unknown as Command & { promise: unknown; resolve(reply: unknown): void };
      ticks += 3;
      if (current?.within !== 'nothing') sent.push(withoutSpanIds(told.args));
      if (stream === undefined && current?.reply === 'throws') throw new RangeError('not sent');
      queueMicrotask(() => {
        ticks += 5;
        if (current?.reply === 'error') told.reject(Object.assign(new Error('WRONGTYPE'), { name: 'ReplyError' }));
        else told.resolve(replyTo(told, current?.reply ?? 'text'));
      });
      return told.promise;
    }
  }
  const redis = new Stub({ lazyConnect: true });
  (redis as { status: string }).status = 'ready';
  const traced = traceRedis(redis, { tracerProvider, fastPath, propagator: 'mqtrace' } as never);
  const outcomes: unknown[] = [];
  for (const each of steps) {
    ticks += 17;
    current = each;
    const [name, ...args] = each.args;
    try {
      outcomes.push(
        await context.with(contexts[each.within], () => {
          if (each.in === 'call') return traced.call(name, ...args);
          const pipeline = each.in === 'multi' ? traced.multi() : traced.pipeline();
          return pipeline.call(name, ...args).exec();
        }),
      );
    } catch (error) {
      outcomes.push(String(error));
    }
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const series = readSeries(reader);
  reader.close();
  return { series, outcomes, sent };
}

test('commands without a span have the metrics of others', async () => {
  const faults = tracingFaults();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      expect(await run(steps, true)).toEqual(await run(steps, false));
    }),
    { numRuns: 200 },
  );
  expect(tracingFaults()).toBe(faults);
});
