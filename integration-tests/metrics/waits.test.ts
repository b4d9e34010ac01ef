// Tests waits of 50 ms, 1 s and 20 s on the three brokers without sampled spans, all at the same time.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { deliverAtHeader } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { consumed, expectAges, read, sent } from './reading.ts';

const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });
afterAll(() => tracing.shutdown());

const count = 200;
const waits = [50, 1000, 20_000];

async function overKafka(waitMs: number): Promise<void> {
  const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }));
  const topic = uniqueName('topic');
  await createTopics(inject('kafkaBrokers'), [topic]);
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 20 });
  const producer = kafka.producer();
  await Promise.all([consumer.connect(), producer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  const measured: number[] = [];
  const joined = new Promise<void>((resolve) => void consumer.on('consumer.group_join', () => resolve()));
  const all = new Promise<void>((resolve, reject) => {
    consumer
      .run({
        async eachMessage({ message }) {
          measured.push(Date.now() - Number(message.timestamp));
          if (measured.length === count) resolve();
        },
      })
      .catch(reject);
  });
  await joined;
  consumer.pause([{ topic }]);
  await producer.send({ topic, messages: Array.from({ length: count }, (_, n) => ({ value: String(n) })) });
  await sleep(waitMs);
  consumer.resume([{ topic }]);
  await all;
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  expect(Math.min(...measured)).toBeGreaterThanOrEqual(waitMs);
  expect(await sent(topic)).toEqual({ send: count });
  expect(await consumed(topic)).toEqual({ process: count });
  await expectAges(topic, measured);
}

async function overRabbitmq(waitMs: number): Promise<void> {
  const connection = traceConnection(await connect(inject('amqpUrl')));
  const channel = await connection.createConfirmChannel();
  const queue = uniqueName('q');
  await channel.assertQueue(queue, { durable: false, autoDelete: true });
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    times.push(Date.now());
    channel.sendToQueue(queue, Buffer.from(String(n)));
  }
  await channel.waitForConfirms();
  await sleep(waitMs);
  const measured: number[] = [];
  await new Promise<void>((resolve) => {
    void channel.consume(queue, (message) => {
      measured.push(Date.now() - times[measured.length]!);
      channel.ack(message!);
      if (measured.length === count) resolve();
    });
  });
  await connection.close();
  expect(Math.min(...measured)).toBeGreaterThanOrEqual(waitMs);
  expect(await consumed(queue)).toEqual({ process: count });
  await expectAges(queue, measured);
}

async function overRedis(waitMs: number): Promise<void> {
  const redis = traceRedis(new Redis(inject('redisUrl')));
  const stream = uniqueName('stream');
  await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  for (let n = 0; n < count; n++) await redis.xadd(stream, '*', 'n', String(n));
  await sleep(waitMs);
  const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', count, 'STREAMS', stream, '>');
  const [[, entries]] = reply as [[string, [string, string[]][]]];
  const measured: number[] = [];
  for (const entry of entries) {
    measured.push(Date.now() - Number(entry[0].split('-')[0]));
    await processMessage(entry, ([id]) => redis.xack(stream, 'g', id));
  }
  await redis.del(stream);
  redis.disconnect();
  expect(Math.min(...measured)).toBeGreaterThanOrEqual(waitMs);
  expect(await sent(stream)).toEqual({ xadd: count });
  expect(await consumed(stream)).toEqual({ xreadgroup: count });
  await expectAges(stream, measured);
}

/** The age of a message that waits intentionally, in a queue whose messages expire, is the wait beyond that time. */
async function delayedOverRabbitmq(): Promise<void> {
  const connection = traceConnection(await connect(inject('amqpUrl')));
  const channel = await connection.createConfirmChannel();
  const [queue, waiting] = [uniqueName('q'), uniqueName('q')];
  await channel.assertQueue(queue, { exclusive: false, autoDelete: true });
  await channel.assertQueue(waiting, {
    autoDelete: true,
    deadLetterExchange: '',
    deadLetterRoutingKey: queue,
    messageTtl: 1000,
  });
  const deliverAt = Date.now() + 1000;
  channel.sendToQueue(waiting, Buffer.from('1'), { headers: { [deliverAtHeader]: String(deliverAt) } });
  channel.sendToQueue(waiting, Buffer.from('2'));
  await channel.waitForConfirms();
  await sleep(2000);
  const headers: Record<string, unknown>[] = [];
  let measured = 0;
  await new Promise<void>((resolve) => {
    void channel.consume(queue, (message) => {
      if (headers.length === 0) measured = Date.now() - deliverAt;
      headers.push(message!.properties.headers!);
      channel.ack(message!);
      if (headers.length === 2) resolve();
    });
  });
  await expectAges(queue, [measured]);

  // The time belongs to the first message: one forwarded with its headers has none, or its own.
  const next = uniqueName('q');
  await channel.assertQueue(next, { autoDelete: true });
  channel.sendToQueue(next, Buffer.from('1'), { headers: headers[0] });
  await channel.waitForConfirms();
  const got = await channel.get(next);
  expect(Object.keys((got as { properties: { headers: object } }).properties.headers)).not.toContain(deliverAtHeader);
  expect(headers[0]).toHaveProperty(deliverAtHeader);
  await connection.close();
}

async function delayedOverKafka(): Promise<void> {
  const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }));
  const topic = uniqueName('topic');
  await createTopics(inject('kafkaBrokers'), [topic]);
  const consumer = kafka.consumer({ groupId: topic });
  const producer = kafka.producer();
  await Promise.all([consumer.connect(), producer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  const sentAt = Date.now() - 60_000;
  const messages = [
    { value: '1', timestamp: String(sentAt), headers: { [deliverAtHeader]: String(sentAt + 20_000) } },
    // Its time is in the future, so it has not waited; this is not clock skew.
    { value: '2', timestamp: String(sentAt), headers: { [deliverAtHeader]: String(sentAt + 600_000) } },
  ];
  // The producer is not traced: the time in the header is in the past.
  const plain = new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }).producer();
  await plain.connect();
  await plain.send({ topic, messages });
  await plain.disconnect();
  const measured: number[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      async eachMessage() {
        measured.push(measured.length === 0 ? Date.now() - sentAt - 20_000 : 0);
        if (measured.length === 2) resolve();
      },
    });
  });
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  await expectAges(topic, measured);
  expect(await read('mqtrace.message.clock_skew', topic)).toEqual({});
}

test('waits are reported within two per cent, as sum and count, without known delays', async () => {
  const outcomes = await Promise.allSettled([
    ...waits.flatMap((waitMs) => [overKafka(waitMs), overRabbitmq(waitMs), overRedis(waitMs)]),
    delayedOverRabbitmq(),
    delayedOverKafka(),
  ]);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
});
