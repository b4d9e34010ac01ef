// Every part of tracing is broken in turn, on the real broker: what the application sees is what it would see of the raw client.
import type { Producer, RecordMetadata } from 'kafkajs';
import { tracingFaults } from 'mqtrace';
import { processMessage, traceConsumer, traceProducer } from 'mqtrace/kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFaultyTracing, type Fault, faults, type FaultyTracing } from '../../test-support/faulty-tracing.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { newTopic, rawKafka } from './clients.ts';

let tracing: FaultyTracing;
beforeAll(() => {
  tracing = createFaultyTracing();
});
afterAll(() => tracing.use(undefined));

/** What the application sees of a run: the outcomes of its calls, and the calls of its handlers, in order. */
interface Seen {
  results: unknown[];
  handled: string[];
  committed: unknown[];
}

const withoutIds = (metadata: RecordMetadata[]): object[] =>
  metadata.map((one) => ({ ...one, topicName: 'T', logAppendTime: undefined, logStartOffset: undefined }));

const outcome = async (call: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await call();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message.replace(/topic-[-\da-f]{36}/, 'T')}`;
  }
};

/** Sends, handles and commits messages of each kind, in a topic of its own. */
async function run(wrap: boolean, breakIt: () => void): Promise<Seen> {
  const seen: Seen = { results: [], handled: [], committed: [] };
  const topic = await newTopic();
  const kafka = rawKafka();
  const options = tracing.options as Parameters<typeof traceProducer>[1] & object;
  const plain = kafka.producer({ createPartitioner: undefined as never });
  const producer = wrap ? traceProducer(plain, options) : plain;
  const retry = { initialRetryTime: 5, retries: 5 };
  const consumerOf = () => kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 20, retry });
  const plainTransactional = kafka.producer({
    transactionalId: uniqueName('tx'),
    idempotent: true,
    maxInFlightRequests: 1,
  });
  const transactional = wrap ? traceProducer(plainTransactional, options) : plainTransactional;
  const [each, batches] = [consumerOf(), consumerOf()].map((one) => (wrap ? traceConsumer(one, options) : one));
  await Promise.all([producer.connect(), transactional.connect(), each!.connect(), batches!.connect()]);
  breakIt();
  try {
    const send = (messages: unknown): Promise<unknown> =>
      outcome(async () => withoutIds(await producer.send({ topic, messages: messages as [] })));
    seen.results.push(await send([{ key: 'a', value: '1' }]));
    seen.results.push(await send([{ value: '2' }, { value: '3' }]));
    const topicMessages = [{ topic, messages: [{ value: '4', headers: Object.freeze({ own: 'x' }) }] }];
    seen.results.push(await outcome(async () => withoutIds(await producer.sendBatch({ topicMessages }))));
    seen.results.push(await send(undefined), await send([{}]));

    seen.results.push(...(await runTransactions(transactional, await newTopic())));

    await each!.subscribe({ topic, fromBeginning: true });
    let failed = false;
    await new Promise<void>((resolve, reject) => {
      each!
        .run({
          eachMessage: ({ message }) => {
            seen.handled.push(`each ${String(message.value)} ${String(message.headers?.['own'])}`);
            if (!failed) {
              failed = true;
              return Promise.reject(new Error('the handler fails once'));
            }
            if (String(message.value) === '4') resolve();
            return Promise.resolve();
          },
        })
        .catch(reject);
    });

    await batches!.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      batches!
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            for (const message of batch.messages) {
              const value = await processMessage(message, async ({ value }) => String(value));
              const thrown = await outcome(() => processMessage(message, () => Promise.reject(new RangeError(value))));
              const offset = String(Number(message.offset) + 1);
              const commit = (given: unknown): Promise<unknown> => outcome(() => batches!.commitOffsets(given as []));
              seen.committed.push(await commit([{ topic, partition: 0, offset }]), await commit([{ topic }]));
              seen.handled.push(`batch ${value} ${String(thrown)}`);
              if (value === '4') resolve();
            }
          },
        })
        .catch(reject);
    });
  } finally {
    tracing.use(undefined);
    await Promise.all([producer.disconnect(), transactional.disconnect(), each!.disconnect(), batches!.disconnect()]);
  }
  return seen;
}

/** A transaction that is committed and one that is aborted, each with what it refuses. */
async function runTransactions(producer: Producer, topic: string): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const end of ['commit', 'abort'] as const) {
    const transaction = await producer.transaction();
    const messages = [{ value: '1', headers: Object.freeze({ own: 'x' }) }, { value: '2' }];
    results.push(await outcome(async () => withoutIds(await transaction.send({ topic, messages: [messages[0]!] }))));
    const topicMessages = [{ topic, messages }];
    results.push(await outcome(async () => withoutIds(await transaction.sendBatch({ topicMessages }))));
    results.push(await outcome(() => transaction.send({ topic, messages: [{}] as never })));
    const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }];
    const consumerGroupId = uniqueName('group');
    results.push(await outcome(() => transaction.sendOffsets({ consumerGroupId, topics })));
    results.push(await outcome(() => transaction[end]()), transaction.isActive());
    results.push(await outcome(() => transaction[end]()));
    results.push(await outcome(async () => withoutIds(await transaction.send({ topic, messages: [messages[1]!] }))));
  }
  return results;
}

describe('with each part of tracing broken, kafkajs does as it does without mqtrace', () => {
  let raw: Seen;
  beforeAll(async () => {
    raw = await run(false, () => undefined);
  });

  it('which is to send, to handle, to fail and to commit', () => {
    expect(raw.handled).toContain('batch 4 RangeError: 4');
    expect(raw.handled.filter((one) => one.startsWith('each 1'))).toHaveLength(2);
    expect(raw.committed).toContain(undefined);
  });

  it('nothing broken', async () => {
    const before = tracingFaults();
    expect(await run(true, () => undefined)).toStrictEqual(raw);
    expect(tracingFaults() - before).toBe(0);
  });

  it.each(faults)('$part $way', async (fault: Fault) => {
    const before = tracingFaults();
    expect(await run(true, () => tracing.use(fault))).toStrictEqual(raw);
    expect(tracingFaults() - before).toBeGreaterThan(0);
  });
});

it.each(['throws', 'undefined', 'null'])(
  'a provider whose getTracer gives %s does not keep a client from being wrapped',
  async (way) => {
    const before = tracingFaults();
    const topic = await newTopic();
    const tracerProvider = {
      getTracer: (): never => {
        if (way === 'throws') throw new Error('getTracer is broken');
        return (way === 'null' ? null : undefined) as never;
      },
    };
    const producer = traceProducer(rawKafka().producer({ createPartitioner: undefined as never }), { tracerProvider });
    expect(tracingFaults() - before).toBe(1);
    await producer.connect();
    await expect(producer.send({ topic, messages: [{ value: '1' }] })).resolves.toMatchObject([{ errorCode: 0 }]);
    await producer.disconnect();
    expect(tracingFaults() - before).toBe(2);
  },
);
