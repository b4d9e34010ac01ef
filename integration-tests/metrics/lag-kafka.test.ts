// Compares the lag in Kafka with Kafka's own tool while messages are sent and processed, with two members of a group, and after the
// broker was killed and started again. The broker is that of this file.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { traceKafka } from 'mqtrace/kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTopics } from '../../test-support/kafka-topics.ts';
import type { Running } from '../brokers/broker.ts';
import { kafka as kafkaBroker } from '../brokers/kafka.ts';
import { describeGroup } from '../brokers/kafka-tools.ts';
import { provide } from '../brokers/programs.ts';
import { until } from '../brokers/wait.ts';
import { read } from './reading.ts';

const log = (): void => {};
const partitions = 4;
const retry = { retries: 60, initialRetryTime: 100, maxRetryTime: 500 };
let broker: Running<string[]>;
let plain: Kafka;

beforeAll(async () => {
  await provide(kafkaBroker.programs(), log);
  broker = await kafkaBroker.native(log);
  plain = new Kafka({ brokers: broker.at, logLevel: logLevel.NOTHING, retry });
});
afterAll(() => broker.stop());

/** The lag of a topic over all members of this process. */
async function lagOf(topic: string): Promise<number | undefined> {
  return Object.values(await read('mqtrace.consumer.lag', topic))[0] as number | undefined;
}

const toldByKafka = (topic: string): Promise<number> => describeGroup(broker.at, topic);

/** Two members that process messages while others are sent, and are then held; `finish` lets them process the rest. */
async function consumeUnderLoad(
  topic: string,
  pollLag: boolean,
): Promise<{ held: number; finish: () => Promise<void> }> {
  await createTopics(broker.at, [topic], partitions);
  const sender = plain.producer({ retry });
  await sender.connect();
  const sending = new AbortController();
  let sent = 0;
  const load = (async () => {
    while (!sending.signal.aborted) {
      const messages = Array.from({ length: 20 }, () => ({ value: '1', partition: sent++ % partitions }));
      await sender.send({ topic, messages });
      await sleep(100);
    }
  })();

  let open: () => void = () => {};
  let gate: Promise<void> | undefined;
  const join = async (): Promise<Consumer> => {
    const kafka = traceKafka(new Kafka({ brokers: broker.at, logLevel: logLevel.NOTHING, retry }), { pollLag });
    const consumer = kafka.consumer({ groupId: topic, retry, maxWaitTimeInMs: 100, heartbeatInterval: 200 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let handled = 0;
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: async () => {
        handled++;
        await gate;
        // More slowly than they are sent, also on a machine with other work.
        if (!sending.signal.aborted) await sleep(30);
      },
    });
    await until('its first messages', () => Promise.resolve(expect(handled).toBeGreaterThan(20)));
    return consumer;
  };
  const first = await join();
  // The lag only grows, so that Kafka's is between two of ours. A message is committed after it was processed.
  const before = await lagOf(topic);
  const told = await toldByKafka(topic);
  expect(before).toBeLessThanOrEqual(told);
  // Without a poll, a member learns of later messages with its next batch.
  if (pollLag) expect(told).toBeLessThanOrEqual((await lagOf(topic))! + 2 * partitions);

  // Each of two members has some of the partitions, and a lag.
  const second = await join();
  gate = new Promise((resolve) => (open = resolve));
  sending.abort();
  await load;
  await sleep(500);
  const held = await toldByKafka(topic);
  expect(held).toBeGreaterThan(50);
  if (pollLag) expect(await lagOf(topic)).toBe(held);
  else expect(await lagOf(topic)).toBeLessThanOrEqual(held);

  async function finish(): Promise<void> {
    open();
    gate = undefined;
    await until('all messages', async () => expect(await toldByKafka(topic)).toBe(0));
    await until('no lag', async () => expect(await lagOf(topic)).toBe(0));
    await Promise.all([first.disconnect(), second.disconnect(), sender.disconnect()]);
    expect(await lagOf(topic)).toBeUndefined();
  }
  return { held, finish };
}

test('Kafka’s lag of a group under load, after a rebalance, and after the broker was killed', async () => {
  const groups = await Promise.all([consumeUnderLoad('estimated', false), consumeUnderLoad('polled', true)]);
  await broker.restart!();
  await until('Kafka', () => toldByKafka('polled'));
  const { held } = groups[1];
  expect([await toldByKafka('polled'), await lagOf('polled')]).toEqual([held, held]);
  await Promise.all(groups.map(({ finish }) => finish()));
}, 240_000);
