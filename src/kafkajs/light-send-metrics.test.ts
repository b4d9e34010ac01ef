import { context } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareMetrics, contexts, type Run, within, withoutSpanIds } from '../../test-support/same-metrics.ts';
import { traceProducer } from './index.ts';

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
  within,
  ends: fc.constantFrom(...endings),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Sends with a clock that only the client advances; returns the outcomes, and the calls in unsampled contexts. */
async function run(steps: readonly Step[], { options, clock }: Run): Promise<object> {
  let current: Step | undefined;
  const calls: unknown[] = [];
  const send = (...args: unknown[]): unknown => {
    clock.ticks += 3;
    if (current?.within !== 'nothing') calls.push(withoutSpanIds(args));
    const wait = (): Promise<void> => Promise.resolve().then(() => void (clock.ticks += 5));
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
  const traced = traceProducer(producer as never, options) as unknown as Record<string, (argument: unknown) => unknown>;
  const outcomes: unknown[] = [];
  for (const each of steps) {
    clock.ticks += 17;
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
  return { outcomes, calls };
}

test('sends without a span have the metrics of others', async () => {
  const faults = await compareMetrics(fc.array(step, { maxLength: 12 }), 300, run);
  expect(faults).toBe(0);
});
