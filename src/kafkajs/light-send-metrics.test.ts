import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, NodeTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { replaceClocks } from '../../test-support/clock.ts';
import { tracingFaults } from '../common/faults.ts';
import { suppressTracing } from '../common/suppression.ts';
import { MetricsReader } from '../metrics/reader.ts';
import { readSeries } from '../metrics/testing/read-series.ts';
import { traceProducer } from './index.ts';

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
afterAll(() => context.disable());
afterEach(() => void vi.restoreAllMocks());

class OwnPromise<T> extends Promise<T> {}

const endings = ['resolves', 'rejects', 'throws', 'returns', 'of a subclass', 'Bluebird'] as const;

const messages = fc.constantFrom<unknown>(
  [],
  [{ value: 'v' }],
  [{ value: 'v', headers: { a: '1' } }, { value: null }, null],
  'none',
);
const topic = fc.record({ topic: fc.constantFrom('a', 'a', 'b', 7), messages });

const step = fc.record({
  argument: fc.oneof(
    topic,
    fc.record({
      topicMessages: fc.array(fc.oneof({ weight: 9, arbitrary: topic }, fc.constant(null)), { maxLength: 3 }),
    }),
    fc.constantFrom(undefined, null, 'text', {}),
  ),
  within: fc.constantFrom('unsampled' as const, 'unsampled' as const, 'nothing' as const, 'suppressed' as const),
  ends: fc.constantFrom(...endings),
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

/** Sends with a clock that only the client advances; returns all series, the outcomes, and the calls in unsampled contexts. */
async function run(steps: readonly Step[], fastPath: boolean): Promise<object> {
  const reader = new MetricsReader('cumulative');
  const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  let ticks = 10_000_000;
  replaceClocks(
    () => ticks,
    () => 1_759_990_000_000 + ticks,
  );
  let current: Step | undefined;
  const calls: unknown[] = [];
  const send = (...args: unknown[]): unknown => {
    ticks += 3;
    if (current?.within !== 'nothing') calls.push(withoutSpanIds(args));
    const wait = (): Promise<void> => Promise.resolve().then(() => void (ticks += 5));
    switch (current?.ends) {
      case 'throws':
        throw new RangeError('not sent');
      case 'rejects':
        return wait().then(() => Promise.reject(new SyntaxError('not sent')));
      case 'resolves':
        return wait().then(() => [{ partition: 0 }]);
      case 'of a subclass':
        return OwnPromise.resolve('result');
      case 'Bluebird':
        return {
          isPending: () => true,
          // oxlint-disable-next-line unicorn/no-thenable -- calls both reactions
          then(resolve: (value: string) => void, reject: (error: Error) => void) {
            resolve('result');
            return Promise.resolve().then(() => reject(new Error('late')));
          },
        };
      default:
        return 'result';
    }
  };
  const producer = {
    send,
    sendBatch: send,
    events: {},
    on: () => () => {},
    connect: async () => {},
    transaction: send,
  };
  const options = { tracerProvider, fastPath, propagator: 'mqtrace' } as never;
  const traced = traceProducer(producer as never, options) as unknown as Record<string, (argument: unknown) => unknown>;
  const outcomes: unknown[] = [];
  for (const each of steps) {
    ticks += 17;
    current = each;
    const { argument, within } = each;
    const isBatch = typeof argument === 'object' && argument !== null && 'topicMessages' in argument;
    try {
      const result = context.with(contexts[within], () => traced[isBatch ? 'sendBatch' : 'send']!(argument));
      outcomes.push(result instanceof Promise, await result);
    } catch (error) {
      outcomes.push(String(error));
    }
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const series = readSeries(reader);
  reader.close();
  return { series, outcomes, calls };
}

test('sends without a span have the metrics of others', async () => {
  const faults = tracingFaults();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      expect(await run(steps, true)).toEqual(await run(steps, false));
    }),
    { numRuns: 300 },
  );
  expect(tracingFaults()).toBe(faults);
});
