// Tests that counts are exact while the process of a broker is killed and started again. The brokers are those of this file.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { kafka as kafkaBroker } from '../brokers/kafka.ts';
import { provide } from '../brokers/programs.ts';
import { rabbitmq } from '../brokers/rabbitmq.ts';
import { startRedisServer } from '../brokers/redis.ts';
import { onFreePorts } from '../brokers/ports.ts';
import { consumed, inFlight, sent, total } from './reading.ts';

const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });
afterAll(() => tracing.shutdown());
const log = (): void => {};

test('kafkajs: sends that are tried again, and a consumer that joins again', async () => {
  await provide(kafkaBroker.programs(), log);
  const broker = await kafkaBroker.native(log);
  onTestFinished(broker.stop);
  const retry = { retries: 60, initialRetryTime: 100, maxRetryTime: 500 };
  const kafka = traceKafka(new Kafka({ brokers: broker.at, logLevel: logLevel.NOTHING, retry }));
  await createTopics(broker.at, ['orders']);
  const producer = kafka.producer({ retry });
  await producer.connect();
  const consumer = kafka.consumer({ groupId: 'restarts', retry, sessionTimeout: 6000, heartbeatInterval: 300 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  const seen = new Set<string>();
  let calls = 0;
  await consumer.run({
    // oxlint-disable-next-line typescript/require-await -- as kafkajs wants it
    eachMessage: async ({ message }) => {
      calls++;
      seen.add(String(message.value));
    },
  });
  const counts = { sent: 0, failed: 0 };
  const values: string[] = [];
  const send = async (from: number): Promise<void> => {
    for (let n = from; n < from + 20; n++) {
      try {
        await producer.send({ topic: 'orders', messages: [{ value: `${n} a` }, { value: `${n} b` }] });
        counts.sent += 2;
        values.push(`${n} a`, `${n} b`);
      } catch {
        counts.failed += 2;
      }
    }
  };
  await send(0);
  await Promise.all([broker.restart!(), sleep(10).then(() => send(20))]);
  await send(40);
  while (!values.every((value) => seen.has(value))) await sleep(50);
  await consumer.disconnect();
  await producer.disconnect();
  const bySends = await sent('orders');
  expect(bySends['send']).toBe(counts.sent);
  expect((await total(sent('orders'))) - counts.sent).toBe(counts.failed);
  expect(await total(consumed('orders'))).toBe(calls);
  expect(await inFlight('orders')).toEqual({ process: 0 });
}, 120_000);

test('amqplib: publishes without a confirm, and messages that are delivered again', async () => {
  await provide(rabbitmq.programs(), log);
  const broker = await rabbitmq.native(log);
  onTestFinished(broker.stop);
  const queue = 'restarted-queue';
  const seen = new Set<string>();
  let calls = 0;
  const connection = traceConnection(
    await connect(broker.at, {
      recovery: {
        initialDelay: 50,
        maxDelay: 200,
        async setup(model: ChannelModel) {
          model.on('error', () => {});
          const channel = await traceConnection(model).createChannel();
          channel.on('error', () => {});
          await channel.assertQueue(queue, { durable: true });
          await channel.prefetch(10);
          await channel.consume(queue, (message) => {
            calls++;
            seen.add(message!.content.toString());
            // Some are not settled before the broker ends.
            if (calls % 7 !== 0 || calls > 100) channel.ack(message!);
          });
        },
      },
    }),
  );
  connection.on('error', () => {});
  const counts = { confirmed: 0, failed: 0 };
  const confirmed: string[] = [];
  const publish = async (channel: ConfirmChannel, from: number): Promise<void> => {
    for (let n = from; n < from + 60; n++) {
      const result = new Promise<void>((resolve, reject) => {
        const done = (error: Error | null): void => (error ? reject(error) : resolve());
        channel.sendToQueue(queue, Buffer.from(String(n)), { persistent: true }, done);
      });
      await result.then(
        () => {
          counts.confirmed++;
          confirmed.push(String(n));
        },
        () => void counts.failed++,
      );
    }
  };
  const first = await connection.createConfirmChannel();
  first.on('error', () => {});
  await publish(first, 0);
  // One is on its way when the process is killed.
  let lost = 0;
  const onItsWay = new Promise<void>((resolve) => {
    first.sendToQueue(queue, Buffer.from('on its way'), { persistent: true }, (error: unknown) => {
      if (error) lost++;
      resolve();
    });
  });
  await broker.restart!();
  await onItsWay;
  const second = await connection.createConfirmChannel();
  await publish(second, 60);
  while (!confirmed.every((value) => seen.has(value))) await sleep(50);
  await sleep(200);
  await connection.close();
  // Publishes through the default exchange are counted by queue.
  const publishes = await sent(queue);
  expect(publishes['publish']).toBe(counts.confirmed + 1 - lost);
  expect(await total(sent(queue))).toBe(counts.confirmed + counts.failed + 1);
  expect(await total(consumed(queue))).toBe(calls);
  expect(await inFlight(queue)).toEqual({ process: 0 });
}, 120_000);

test('ioredis: commands that wait for the connection, and entries that are read again', async () => {
  await provide(['redis-server'], log);
  const persisted = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const broker = await onFreePorts(1, ([port = 0]) => startRedisServer(port, persisted));
  onTestFinished(broker.stop);
  const redis = traceRedis(new Redis(broker.at, { retryStrategy: () => 50, maxRetriesPerRequest: null }));
  redis.on('error', () => {});
  await redis.xgroup('CREATE', 'restarted-stream', 'g', '0', 'MKSTREAM');
  let added = 0;
  const add = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      await redis.xadd('restarted-stream', '*', 'n', String(n));
      added++;
    }
  };
  await add(50);
  let read = 0;
  const receive = async (id: string): Promise<void> => {
    const reply = await redis.xreadgroup('GROUP', 'g', 'one', 'COUNT', 30, 'STREAMS', 'restarted-stream', id);
    const entries = (reply as [string, [string, string[]][]][] | null)?.[0]?.[1] ?? [];
    read += entries.length;
    for (const entry of entries) processMessage(entry, () => undefined);
  };
  await receive('>');
  await Promise.all([broker.restart!(), add(50)]);
  // Entries that were read before the restart are still pending.
  await receive('0');
  await receive('>');
  expect(await total(sent('restarted-stream'))).toBe(added);
  expect(await total(consumed('restarted-stream'))).toBe(read);
  expect(read).toBe(90);
  expect(await inFlight('restarted-stream')).toEqual({ process: 0 });
  redis.disconnect();
}, 60_000);
