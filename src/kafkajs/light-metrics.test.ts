import { AlwaysOffSampler, AlwaysOnSampler } from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareMetrics, type Run } from '../../test-support/same-metrics.ts';
import { processMessage, traceConsumer } from './index.ts';

class OwnPromise<T> extends Promise<T> {}

const endings = ['returns', 'throws', 'resolves', 'rejects', 'of a subclass', 'thenable', 'Bluebird'] as const;

interface Message {
  /** How its trace and its time are given. */
  kind: number;
  topic: string;
  ends: (typeof endings)[number];
  /** Whether the handler processes the message again with processMessage, as a retry. */
  nested: (typeof endings)[number] | undefined;
}

const message: fc.Arbitrary<Message> = fc.record({
  kind: fc.nat(4),
  topic: fc.constantFrom('a', 'b'),
  ends: fc.constantFrom(...endings),
  nested: fc.option(fc.constantFrom(...endings), { nil: undefined }),
});

type Step = { what: 'message'; message: Message } | { what: 'batch'; messages: Message[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('message' as const), message }) },
  fc.record({ what: fc.constant('batch' as const), messages: fc.array(message, { maxLength: 4 }) }),
);

let offset = 0;
function received(kind: number): object {
  const ids = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  const traceparent = kind === 3 ? undefined : Buffer.from(`${ids}-${kind === 4 ? '02' : '00'}`);
  const timestamp = ['1759999990000', '1760000900000', '-1', '1759999999999', '1'][kind];
  return { offset: String(offset++), timestamp, key: null, value: Buffer.from('v'), headers: { traceparent } };
}

/** Runs the steps on a traced stub with a clock that only the handlers advance; returns all outcomes. */
async function run(steps: readonly Step[], { options, clock }: Run, parenting: 'parent' | 'link'): Promise<object> {
  const consumer = {
    config: {} as Record<'eachMessage' | 'eachBatch', (payload: object) => unknown>,
    events: {},
    on: () => () => {},
    connect: async () => {},
    async run(config: object) {
      consumer.config = config as never;
    },
  };
  traceConsumer(consumer as never, { ...options, parenting });
  const end = (ends: (typeof endings)[number]): unknown => {
    clock.ticks += 7;
    const wait = (): Promise<void> => Promise.resolve().then(() => void (clock.ticks += 5));
    if (ends === 'throws') throw new RangeError('not handled');
    if (ends === 'rejects') return wait().then(() => Promise.reject(new SyntaxError('not handled')));
    if (ends === 'resolves') return wait().then(() => 'result');
    if (ends === 'of a subclass') return OwnPromise.resolve('result');
    // oxlint-disable-next-line unicorn/no-thenable -- what kafkajs would await
    if (ends === 'thenable') return { then: (resolve: (value: string) => void) => resolve('result') };
    if (ends === 'Bluebird') {
      return {
        isPending: () => true,
        // oxlint-disable-next-line unicorn/no-thenable -- calls both reactions, and each of them twice
        then(resolve: (value: string) => void, reject: (error: Error) => void) {
          resolve('result');
          resolve('again');
          return Promise.resolve().then(() => {
            reject(new Error('late'));
          });
        },
      };
    }
    return 'result';
  };
  const outcomes: unknown[] = [];
  const observe = async (call: () => unknown): Promise<void> => {
    try {
      outcomes.push(await call());
    } catch (error) {
      outcomes.push(String(error));
    }
  };
  const handle = async (payload: object, each: Message): Promise<void> => {
    if (each.nested !== undefined) await observe(() => processMessage(payload as never, () => end(each.nested!)));
  };
  let current: Message[] = [];
  await consumer.run({
    eachMessage({ message: payload }: { message: object }): unknown {
      const [each] = current as [Message];
      if (each.nested !== undefined) void handle(payload, each);
      return end(each.ends);
    },
    async eachBatch({ batch }: { batch: { messages: object[] } }): Promise<void> {
      for (const [at, payload] of batch.messages.entries()) {
        await observe(() => processMessage(payload as never, () => end(current[at]!.ends)));
        await handle(payload, current[at]!);
      }
    },
  });
  for (const each of steps) {
    clock.ticks += 17;
    current = each.what === 'message' ? [each.message] : each.messages;
    const topic = current[0]?.topic ?? 'a';
    const messages = current.map(({ kind }) => received(kind));
    await observe(() =>
      each.what === 'message'
        ? consumer.config.eachMessage({ topic, partition: 0, message: messages[0] })
        : consumer.config.eachBatch({ batch: { topic, partition: 0, messages } }),
    );
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return outcomes;
}

test.each([
  ['parent', 'sampled'],
  ['parent', 'unsampled'],
  ['link', 'sampled'],
] as const)('messages without a span have the metrics of others, parenting %s, roots %s', async (parenting, roots) => {
  const faults = await compareMetrics(
    fc.array(step, { maxLength: 12 }),
    200,
    (steps, given) => run(steps, given, parenting),
    roots === 'sampled' ? new AlwaysOnSampler() : new AlwaysOffSampler(),
  );
  expect(faults).toBe(0);
});
