// Tests messaging metrics on the real brokers without sampled spans: every message is counted once, and waits are
// reported correctly.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { consumeStream, processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import type { HistogramValue } from '../../src/metrics/index.ts';
import { collect, consumed, expectAges, inFlight, read, sent } from './reading.ts';

const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });

afterAll(() => tracing.shutdown());

test('amqplib: sends, deliveries, pulls, failures and settlements', async () => {
  const connection = traceConnection(await connect(inject('amqpUrl')));
  const channel = await connection.createConfirmChannel();
  const exchange = uniqueName('x');
  const queue = uniqueName('q');
  await channel.assertExchange(exchange, 'topic', { autoDelete: true });
  await channel.assertQueue(queue, { autoDelete: true });
  await channel.bindQueue(queue, exchange, '#');
  const times: number[] = [];
  for (let n = 0; n < 60; n++) {
    times.push(Date.now());
    channel.publish(exchange, `key.${n}`, Buffer.from(String(n)));
  }
  await channel.waitForConfirms();
  await sleep(1000);
  const waits: number[] = [];
  await new Promise<void>((resolve) => {
    void channel.consume(queue, (message) => {
      waits.push(Date.now() - times[waits.length]!);
      setImmediate(() => {
        channel.ack(message!);
        if (waits.length === times.length) resolve();
      });
    });
  });
  await sleep(20);
  expect(await sent(exchange)).toEqual({ publish: 60 });
  expect(await consumed(queue)).toEqual({ process: 60 });
  expect(await inFlight(queue)).toEqual({ process: 0 });
  await expectAges(queue, waits);
  const durations = await read('messaging.client.operation.duration', queue);
  expect((durations['ack'] as HistogramValue).count).toBe(60);
  expect(((await read('messaging.process.duration', queue))['process'] as HistogramValue).count).toBe(60);
  // Routing keys are not part of any series, because their number is unlimited.
  const keys = JSON.stringify(await collect());
  expect(keys).not.toContain('key.');

  const pulled = uniqueName('q');
  await channel.assertQueue(pulled, { autoDelete: true });
  channel.sendToQueue(pulled, Buffer.from('1'));
  await channel.waitForConfirms();
  const message = await channel.get(pulled);
  expect(await channel.get(pulled)).toBe(false);
  channel.nack(message as never, false, false);
  expect(await consumed(pulled)).toEqual({ get: 1 });
  await connection.close();
});

test('kafkajs: several topics in one call, batches, single messages and failures', async () => {
  const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }));
  const [one, two] = [uniqueName('topic'), uniqueName('topic')];
  await createTopics(inject('kafkaBrokers'), [one, two]);
  const sender = kafka.producer({ retry: { retries: 0 } });
  await sender.connect();
  const messages = (count: number) => Array.from({ length: count }, (_, n) => ({ value: String(n) }));
  await sender.sendBatch({
    topicMessages: [
      { topic: one, messages: messages(30) },
      { topic: two, messages: messages(20) },
    ],
  });
  await sender.send({ topic: one, messages: messages(5) });
  await sender.send({ topic: one, messages: messages(1) });
  await expect(sender.send({ topic: one, messages: messages(3), acks: 7 })).rejects.toThrow(/acks|required/i);
  await sender.disconnect();
  await sleep(1000);
  const sentTo = await sent(one);
  expect(sentTo['send']).toBe(36);
  expect(Object.values(sentTo)).toEqual([36, 3]);
  expect(await sent(two)).toEqual({ send: 20 });

  for (const [topic, count, each] of [
    [one, 36, 'eachBatch'],
    [two, 20, 'eachMessage'],
  ] as const) {
    const consumer = kafka.consumer({ groupId: topic });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const waits: number[] = [];
    await new Promise<void>((resolve) => {
      const note = (timestamp: string): void => {
        waits.push(Date.now() - Number(timestamp));
        if (waits.length === count) resolve();
      };
      void consumer.run({
        [each]: async (payload: { batch: { messages: { timestamp: string }[] }; message: { timestamp: string } }) => {
          if (each === 'eachMessage') note(payload.message.timestamp);
          else for (const { timestamp } of payload.batch.messages) note(timestamp);
        },
      });
    });
    await consumer.disconnect();
    expect(await consumed(topic)).toEqual({ process: count });
    expect(await inFlight(topic)).toEqual({ process: 0 });
    await expectAges(topic, waits);
  }
});

test('ioredis: entries of several streams, and processing apart from reading', async () => {
  const redis = traceRedis(new Redis(inject('redisUrl')));
  const [one, two] = [uniqueName('stream'), uniqueName('stream')];
  for (const stream of [one, two]) await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  const times = new Map<string, number>();
  for (let n = 0; n < 40; n++) {
    const id = await redis.xadd(n < 30 ? one : two, '*', 'n', String(n));
    times.set(id!, Number(id!.split('-')[0]));
  }
  await sleep(50);
  const reply = (await redis.xreadgroup('GROUP', 'g', 'c', 'STREAMS', one, two, '>', '>')) as [
    string,
    [string, string[]][],
  ][];
  const waits: number[] = [];
  for (const entry of reply[0]![1]) {
    waits.push(Date.now() - times.get(entry[0])!);
    await processMessage(entry, ([id]) => redis.xack(one, 'g', id));
  }
  await expect(processMessage(reply[1]![1][0]!, () => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  await redis.set('text-' + one, '1');
  await expect(redis.xadd('text-' + one, '*', 'a', '1')).rejects.toThrow('WRONGTYPE');
  expect(await sent(one)).toEqual({ xadd: 30 });
  expect(await sent(two)).toEqual({ xadd: 10 });
  expect(await sent('text-' + one)).toEqual({ 'xadd WRONGTYPE': 1 });
  expect(await consumed(one)).toEqual({ xreadgroup: 30 });
  expect(await consumed(two)).toEqual({ xreadgroup: 10 });
  await expectAges(one, waits);
  const processed = await read('messaging.process.duration', two);
  expect(Object.keys(processed)).toEqual(['process RangeError']);
  expect(((await read('messaging.client.operation.duration', one))['xack'] as HistogramValue).count).toBe(30);
  await redis.del(one, two, 'text-' + one);
  redis.disconnect();
});

test('ioredis: consumeStream, and entries that fail', async () => {
  const redis = traceRedis(new Redis(inject('redisUrl')));
  const stream = uniqueName('stream');
  for (let n = 0; n < 20; n++) await redis.xadd(stream, '*', 'n', String(n));
  let handled = 0;
  await new Promise<void>((resolve) => {
    const options = { streams: stream, group: 'g', onError: () => {} };
    const consumer = consumeStream(redis, options, async ({ fields }) => {
      await sleep(1);
      if (++handled === 20) setImmediate(() => void consumer.stop().then(resolve));
      if (Number(fields['n']) % 4 === 0) throw new RangeError('no');
    });
  });
  const processed = await read('messaging.process.duration', stream);
  const counts = Object.entries(processed).map(([outcome, value]) => [outcome, (value as HistogramValue).count]);
  expect(Object.fromEntries(counts)).toEqual({ process: 15, 'process RangeError': 5 });
  expect(await consumed(stream)).toEqual({ xreadgroup: 20 });
  expect(await inFlight(stream)).toEqual({ process: 0 });
  await redis.del(stream);
  redis.disconnect();
});
