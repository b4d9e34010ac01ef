// Tests `settleSpans: false`: settlements create no span, but still end the process span.
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { expect, inject, test } from 'vitest';
import { uniqueName } from '../test-support/inputs.ts';
import { createTopics } from '../test-support/kafka-topics.ts';
import { recordSpans } from '../test-support/spans.ts';

const recording = recordSpans();
const options = { tracerProvider: recording.tracerProvider, settleSpans: false };
const names = (): string[] => recording.spans().map(({ name }) => name);

test('amqplib: an ack ends the process span and has no span', async () => {
  recording.clear();
  const connection = traceConnection(await connect(inject('amqpUrl')), options);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue(uniqueName('q'), { exclusive: true });
  channel.sendToQueue(queue, Buffer.from('1'));
  const open = await new Promise<number[]>((resolve) => {
    void channel.consume(queue, (message) => {
      setImmediate(() => {
        const before = recording.open().length;
        channel.ack(message!);
        resolve([before, recording.open().length]);
      });
    });
  });
  expect(open).toEqual([1, 0]);
  // The names of exclusive queues, which are temporary, are not part of span names.
  expect(names()).toEqual(['publish', 'process']);
  expect((await channel.checkQueue(queue)).messageCount).toBe(0);
  await connection.close();
});

test('ioredis: an entry is acknowledged without a span', async () => {
  recording.clear();
  const redis = traceRedis(new Redis(inject('redisUrl')), options);
  const stream = uniqueName('stream');
  await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  await redis.xadd(stream, '*', 'a', '1');
  const reply = (await redis.xreadgroup('GROUP', 'g', 'c', 'STREAMS', stream, '>')) as [string, [string, string[]][]][];
  const [entry] = reply[0]![1];
  expect(await processMessage(entry!, ([id]) => redis.xack(stream, 'g', id))).toBe(1);
  expect(names()).toEqual([`xadd ${stream}`, `xreadgroup ${stream}`, `process ${stream}`]);
  await redis.del(stream);
  redis.disconnect();
});

test('kafkajs: offsets are committed without a span', async () => {
  recording.clear();
  const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }), options);
  const topic = uniqueName('topic');
  await createTopics(inject('kafkaBrokers'), [topic]);
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value: '1' }] });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = (): Promise<void> =>
      consumer.commitOffsets([{ topic, partition: 0, offset: '1' }]).then(resolve, reject);
    void consumer.run({ autoCommit: false, eachMessage });
  });
  await consumer.disconnect();
  expect(names()).toEqual([`send ${topic}`, `process ${topic}`]);
});
