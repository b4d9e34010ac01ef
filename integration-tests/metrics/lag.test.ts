// Tests consumer lag on the real brokers, compared with Kafka's own tool, the server and the test's own count.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { connect as connectWithCallback, type Connection } from 'amqplib/callback_api';
import { Redis } from 'ioredis';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { mqtraceMetrics } from 'mqtrace/metrics';
import { afterEach, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { tracingFaults } from '../../src/common/faults.ts';
import { channelOf, reply } from '../amqplib/callback-clients.ts';
import { describeGroup } from '../brokers/kafka-tools.ts';

const producer = mqtraceMetrics();
const untraced = new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING });
const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A level of one destination, summed over all processes as on a dashboard; undefined if none is reported. */
async function level(destination: string, name = 'mqtrace.consumer.lag'): Promise<number | undefined> {
  const { scopeMetrics } = (await producer.collect()).resourceMetrics;
  const metric = scopeMetrics.flatMap(({ metrics }) => metrics).find(({ descriptor }) => descriptor.name === name);
  const points = (metric?.dataPoints ?? []).filter(
    ({ attributes }) => attributes['messaging.destination.name'] === destination,
  );
  expect(points.length).toBeLessThanOrEqual(1);
  return points[0]?.value as number | undefined;
}

async function eventually(expected: unknown, read: () => Promise<unknown>): Promise<void> {
  for (let left = 100; left > 0; left--) {
    if ((await read()) === expected) return;
    await sleep(100);
  }
  expect(await read()).toBe(expected);
}

/** Makes handlers wait while it is closed. */
class Gate {
  open: () => void = () => {};
  #closed: Promise<void> | undefined;

  close(): void {
    this.#closed = new Promise((resolve) => {
      this.open = () => {
        this.#closed = undefined;
        resolve();
      };
    });
  }

  pass(): Promise<void> {
    return this.#closed ?? Promise.resolve();
  }
}

async function consumer(kafka: Kafka, topic: string, run: Parameters<Consumer['run']>[0]): Promise<Consumer> {
  const made = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100, sessionTimeout: 10_000, heartbeatInterval: 200 });
  endings.push(() => made.disconnect());
  await made.connect();
  await made.subscribe({ topic, fromBeginning: true });
  await made.run(run);
  return made;
}

async function send(topic: string, partition: number, count: number): Promise<void> {
  const sender = untraced.producer();
  await sender.connect();
  await sender.send({ topic, messages: Array.from({ length: count }, (_, n) => ({ value: String(n), partition })) });
  await sender.disconnect();
}

test.each([
  ['the estimate', false],
  ['the poll', true],
])(
  'kafkajs, %s: equal to Kafka’s own numbers for the group, under load and after a rebalance and a restart',
  async (_, pollLag) => {
    const topic = uniqueName('topic');
    await createTopics(inject('kafkaBrokers'), [topic], 2);
    const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }), { pollLag });
    const gate = new Gate();
    gate.close();
    let seen = 0;
    const handler = async ({ message }: { message: { offset: string } }): Promise<void> => {
      if (Number(message.offset) >= 100) await gate.pass();
      seen++;
    };
    const run = { eachMessage: handler, partitionsConsumedConcurrently: 2, autoCommitThreshold: 1 };
    for (const partition of [0, 1]) await send(topic, partition, 350 + partition);
    const first = await consumer(kafka, topic, run);
    // Each partition is at its message 100: the rest of a batch is not processed.
    await eventually(200, () => Promise.resolve(seen));
    await eventually(250 + 251, () => level(topic));
    await eventually(250 + 251, () => describeGroup(inject('kafkaBrokers'), topic));
    // Kafka knows the messages sent since; a consumer learns of them only with its next batch.
    await send(topic, 0, 50);
    expect(await level(topic)).toBe(pollLag ? 551 : 501);

    // A second member takes one of the partitions; only that member reports it then.
    const other = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }), { pollLag });
    const free = { eachMessage: async (): Promise<void> => void seen++, autoCommitThreshold: 1 };
    const joined = consumer(other, topic, free);
    await sleep(1000);
    gate.open();
    const second = await joined;
    await sleep(500);
    await first.disconnect();
    await eventually(0, () => level(topic));
    expect(await describeGroup(inject('kafkaBrokers'), topic)).toBe(0);
    await second.disconnect();
    expect(await level(topic)).toBeUndefined();

    // A new consumer of the group continues where the last one stopped.
    await send(topic, 1, 30);
    gate.close();
    await consumer(kafka, topic, { eachBatch: () => gate.pass() });
    await eventually(30, () => level(topic));
    expect(await describeGroup(inject('kafkaBrokers'), topic)).toBe(30);
    gate.open();
    await eventually(0, () => level(topic));
  },
);

test('kafkajs: a batch that the handler resolves itself is processed as far as it is committed', async () => {
  const topic = uniqueName('topic');
  await createTopics(inject('kafkaBrokers'), [topic]);
  await send(topic, 0, 40);
  const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }));
  let calls = 0;
  await consumer(kafka, topic, {
    eachBatchAutoResolve: false,
    eachBatch: async (payload) => {
      const { batch } = payload;
      if (calls++ > 0) return;
      payload.resolveOffset(batch.messages[14]!.offset);
      await payload.commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition: 0, offset: String(Number(batch.messages[14]!.offset) + 1) }] }],
      });
      payload.pause();
    },
  });
  await eventually(25, () => level(topic));
  expect(await describeGroup(inject('kafkaBrokers'), topic)).toBe(25);
});

test('ioredis: XINFO GROUPS and XPENDING, beside a blocking read', async () => {
  const redis = traceRedis(new Redis(inject('redisUrl'), { keyPrefix: 'p:' }), { pollLag: true });
  const plain = new Redis(inject('redisUrl'));
  endings.push(
    () => plain.disconnect(),
    () => redis.disconnect(),
  );
  const stream = uniqueName('stream');
  const key = `p:${stream}`;
  endings.push(() => plain.del(key));
  await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  const add = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await redis.xadd(stream, '*', 'n', String(n));
  };
  const told = async (): Promise<unknown[]> => {
    const [[, , , , , pending, , , , , , lag]] = (await plain.xinfo('GROUPS', key)) as [unknown[]];
    const [inXpending] = (await plain.xpending(key, 'g')) as [number];
    expect(inXpending).toBe(pending);
    return [lag, pending];
  };
  const known = async (): Promise<unknown[]> => [await level(key), await level(key, 'mqtrace.consumer.pending')];
  await add(100);
  const [[, entries]] = (await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 30, 'STREAMS', stream, '>')) as [
    [string, [string, string[]][]],
  ];
  await redis.xack(stream, 'g', ...entries.slice(0, 10).map(([id]) => id));
  expect(await known()).toEqual([70, 20]);
  expect(await known()).toEqual(await told());

  // The client itself is blocked by a command, so that it could not query anything.
  await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 100, 'STREAMS', stream, '>');
  const blocked = redis.xreadgroup('GROUP', 'g', 'c', 'BLOCK', 60_000, 'STREAMS', stream, '>');
  blocked.catch(() => {});
  await sleep(50);
  expect(await known()).toEqual([0, 90]);
  await plain.xadd(key, '*', 'n', '1');
  await blocked;

  // Deleted entries are included in the server's lag, or make it unknown; no lag is larger than the stream.
  await add(10);
  await plain.xtrim(key, 'MAXLEN', 4);
  const [lag] = await told();
  expect(await level(key)).toBe(lag === null ? undefined : Math.min(Number(lag), 4));
  const [[id] = ['']] = await plain.xrevrange(key, '+', '-', 'COUNT', 1);
  await plain.xgroup('SETID', key, 'g', id, 'ENTRIESREAD', 3);
  await plain.xdel(key, id);
  await add(2);
  const [after] = await told();
  const length = await plain.xlen(key);
  expect(await level(key)).toBe(after === null ? undefined : Math.min(Number(after), length));
  await plain.del(key);
  expect(await known()).toEqual([undefined, undefined]);
});

test.each([
  ['promises', false],
  ['callbacks', true],
])('amqplib, API of %s: the number of ready messages, also if queues are deleted', async (_, callbacks) => {
  const plain = await connect(inject('amqpUrl'));
  endings.push(() => plain.close());
  const control = await plain.createConfirmChannel();
  const [queue, gone] = [uniqueName('q'), uniqueName('q')];
  for (const each of [queue, gone]) await control.assertQueue(each, { durable: false });
  endings.push(() => control.deleteQueue(queue));
  for (let n = 0; n < 200; n++) control.sendToQueue(queue, Buffer.from(String(n)));
  await control.waitForConfirms();

  const held: (() => void)[] = [];
  if (callbacks) {
    const connection = await reply<Connection>((done) => connectWithCallback(inject('amqpUrl'), done));
    endings.push(() => new Promise<void>((resolve) => connection.close(() => resolve())));
    traceConnection(connection, { pollLag: true });
    const channel = await channelOf(connection);
    channel.prefetch(25);
    for (const each of [queue, gone])
      channel.consume(each, (message) => message && held.push(() => channel.ack(message)));
  } else {
    const connection = traceConnection(await connect(inject('amqpUrl')), { pollLag: true });
    endings.push(() => connection.close());
    const channel = await connection.createChannel();
    await channel.prefetch(25);
    const { queue: own } = await channel.assertQueue('', { exclusive: true });
    await channel.consume(own, () => {});
    for (const each of [queue, gone])
      await channel.consume(each, (message) => message && held.push(() => channel.ack(message)));
  }
  await eventually(175, () => level(queue));
  expect((await control.checkQueue(queue)).messageCount).toBe(175);
  // Querying the missing queue closes the channel, which is not one of the application's.
  expect(await level(gone)).toBe(0);
  await control.deleteQueue(gone);
  for (const ack of held.splice(0, 20)) ack();
  await eventually(155, () => level(queue));
  expect(await level(gone)).toBeUndefined();
  expect((await control.checkQueue(queue)).messageCount).toBe(155);
  const settle = setInterval(() => {
    for (const ack of held.splice(0)) ack();
  }, 10);
  await eventually(0, () => level(queue)).finally(() => clearInterval(settle));
});

test('amqplib: a queue that is exclusive to another connection is omitted; the others, and the application’s channel, are not affected', async () => {
  const other = await connect(inject('amqpUrl'));
  endings.push(() => other.close());
  const connection = traceConnection(await connect(inject('amqpUrl')), { pollLag: true });
  endings.push(() => connection.close());
  const channel = await connection.createChannel();
  await channel.prefetch(1);
  const [taken, own, last] = [uniqueName('q'), uniqueName('q'), uniqueName('q')];
  await channel.assertQueue(taken, { durable: false });
  await channel.assertQueue(own, { exclusive: true });
  await channel.assertQueue(last, { durable: false, autoDelete: true });
  for (const queue of [taken, own, last]) await channel.consume(queue, () => {});
  for (const queue of [own, last]) for (let n = 0; n < 3; n++) channel.sendToQueue(queue, Buffer.from('1'));
  await eventually(2, () => level(last));
  expect(await level(taken)).toBe(0);
  const control = await other.createChannel();
  await control.deleteQueue(taken);
  await control.assertQueue(taken, { exclusive: true });
  control.sendToQueue(taken, Buffer.from('1'));
  for (let n = 0; n < 2; n++) {
    // A queue that is exclusive to the connection itself is temporary.
    expect([await level(taken), await level(own), await level(last)]).toEqual([undefined, undefined, 2]);
  }
  expect((await channel.checkQueue(last)).messageCount).toBe(2);
});

test('no fault was counted', () => {
  expect(tracingFaults()).toBe(0);
});
