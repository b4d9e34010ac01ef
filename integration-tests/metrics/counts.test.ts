// Tests that counts are exact with retries, rebalances, restarts, lost connections, and any number of destinations.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { cuttingProxy } from '../ioredis/cutting-proxy.ts';
import { collect, consumed, inFlight, read, sent, total } from './reading.ts';

const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });
afterAll(() => tracing.shutdown());

test('kafkajs: handlers that fail, a rebalance and a restart', async () => {
  const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }));
  const topic = uniqueName('topic');
  await createTopics(inject('kafkaBrokers'), [topic], 4);
  const producer = kafka.producer();
  await producer.connect();
  let produced = 0;
  const send = async (): Promise<void> => {
    const messages = Array.from({ length: 50 }, (_, n) => ({ value: String(n), partition: n % 4 }));
    await producer.send({ topic, messages });
    produced += messages.length;
  };
  const failed = new Set<string>();
  const seen = new Set<string>();
  let calls = 0;
  const join = async (): Promise<Consumer> => {
    const consumer = kafka.consumer({
      groupId: topic,
      maxWaitTimeInMs: 50,
      heartbeatInterval: 200,
      retry: { initialRetryTime: 20, maxRetryTime: 50 },
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      async eachMessage({ partition, message }) {
        calls++;
        await sleep(1);
        const id = `${partition} ${message.offset}`;
        // The first messages of each partition fail once and are redelivered.
        if (Number(message.offset) < 3 && !failed.has(id)) {
          failed.add(id);
          // kafkajs stops a consumer whose handler fails in another way.
          throw Object.assign(new RangeError('once more'), { retriable: true });
        }
        seen.add(id);
      },
    });
    return consumer;
  };
  const all = async (): Promise<void> => {
    while (seen.size < produced) await sleep(20);
  };
  await send();
  const first = await join();
  await all();
  const joined = join();
  await send();
  const second = await joined;
  await all();
  await first.disconnect();
  await send();
  await all();
  await second.disconnect();
  const third = await join();
  await send();
  await all();
  await third.disconnect();
  await producer.disconnect();
  expect(await sent(topic)).toEqual({ send: produced });
  expect(await total(consumed(topic))).toBe(calls);
  expect((await consumed(topic))['process RangeError']).toBe(failed.size);
  expect(await inFlight(topic)).toEqual({ process: 0 });
});

test('amqplib: messages that are rejected, requeued, and redelivered after a lost channel', async () => {
  const connection = traceConnection(await connect(inject('amqpUrl')));
  const publisher = await connection.createConfirmChannel();
  const queue = uniqueName('q');
  await publisher.assertQueue(queue, { durable: false });
  for (let n = 0; n < 300; n++) publisher.sendToQueue(queue, Buffer.from(String(n)));
  await publisher.waitForConfirms();
  let calls = 0;
  const done = new Set<string>();
  const consume = async (settles: boolean): Promise<{ close(): Promise<void> }> => {
    const channel = await connection.createChannel();
    await channel.prefetch(30);
    await channel.consume(queue, (message) => {
      calls++;
      if (!settles && calls > 10) return;
      if (calls % 5 === 0) return channel.nack(message!);
      done.add(message!.content.toString());
      channel.ack(message!);
    });
    return channel;
  };
  const lost = await consume(false);
  await sleep(200);
  // Its unsettled messages return to the queue.
  await lost.close();
  const channel = await consume(true);
  while (done.size < 300) await sleep(20);
  await sleep(50);
  await channel.close();
  expect(await total(consumed(queue))).toBe(calls);
  expect(await inFlight(queue)).toEqual({ process: 0 });
  await publisher.deleteQueue(queue);
  await connection.close();
});

test('ioredis: a lost connection, and entries that another consumer takes over', async () => {
  const proxy = await cuttingProxy(inject('redisUrl'));
  const redis = traceRedis(new Redis({ port: proxy.port, retryStrategy: () => 10 }));
  const stream = uniqueName('stream');
  await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  for (let n = 0; n < 100; n++) {
    if (n % 20 === 10) void proxy.cutAt('-');
    await redis.xadd(stream, '*', 'n', String(n));
  }
  const length = await redis.xlen(stream);
  // ioredis sends a command again if its reply was lost, so the stream has more entries; the application has sent 100.
  expect(length).toBeGreaterThanOrEqual(100);
  expect(await total(sent(stream))).toBe(100);
  let handed = 0;
  const reply = await redis.xreadgroup('GROUP', 'g', 'lost', 'COUNT', 60, 'STREAMS', stream, '>');
  handed += (reply as [[string, unknown[]]])[0][1].length;
  const [, claimed] = (await redis.xautoclaim(stream, 'g', 'next', 0, '0', 'COUNT', 40)) as [
    string,
    [string, string[]][],
  ];
  handed += claimed.length;
  for (const entry of claimed) await processMessage(entry, ([id]) => redis.xack(stream, 'g', id));
  expect(await total(consumed(stream))).toBe(handed);
  expect(await inFlight(stream)).toEqual({ process: 0 });
  await redis.del(stream);
  redis.disconnect();
  proxy.close();
});

test('10,000 destinations stay below the series limit, with every message counted', async () => {
  const redis = traceRedis(new Redis(inject('redisUrl')));
  const prefix = uniqueName('s');
  const before = await total(sent('_OTHER'));
  for (let at = 0; at < 10_000; at += 1000) {
    const pipeline = redis.pipeline();
    for (let n = at; n < at + 1000; n++) pipeline.xadd(`${prefix}.${n}`, '*', 'n', '1');
    await pipeline.exec();
  }
  for (let at = 0; at < 10_000; at += 1000) {
    await redis.unlink(Array.from({ length: 1000 }, (_, n) => `${prefix}.${at + n}`));
  }
  redis.disconnect();
  let counted = (await total(read('messaging.client.sent.messages', '_OTHER'))) - before;
  for (const { descriptor, dataPoints } of await collect()) {
    expect(dataPoints.length).toBeLessThanOrEqual(1000);
    if (descriptor.name !== 'messaging.client.sent.messages') continue;
    for (const { attributes, value } of dataPoints) {
      if (String(attributes['messaging.destination.name']).startsWith(prefix)) counted += value as number;
    }
  }
  expect(counted).toBe(10_000);
});
