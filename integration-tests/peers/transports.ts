// Sends and receives traced messages with a pipeline over each broker, for the tests of other services.
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { createTopics } from '../../test-support/kafka-topics.ts';
import type { Addresses, Relay } from './peers.ts';

/** The trace headers of a received message, as text. */
export type Headers = Record<string, string>;

/** One broker, with a traced client. */
export interface Transport {
  create(destinations: readonly string[]): Promise<void>;
  send(to: string): Promise<unknown>;
  /** Calls `handle` with the headers of `count` messages, in the context of each. */
  receive(from: string, count: number, handle: (headers: Headers) => Promise<void> | void): Promise<void>;
  close(): Promise<void>;
}

const options = { pipelines: { name: 'checkout' } };
const asText = (headers: object | undefined): Headers =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));

/** Counts calls of a handler; resolves `all` at the last one. */
function counting(count: number, handle: (headers: Headers) => Promise<void> | void) {
  let left = count;
  let resolve: () => void;
  const all = new Promise<void>((done) => (resolve = done));
  const handleOne = async (headers: object | undefined): Promise<void> => {
    await handle(asText(headers));
    if (--left === 0) resolve();
  };
  return { all, handleOne };
}

async function overKafka({ KAFKA_BROKERS }: Addresses): Promise<Transport> {
  const brokers = KAFKA_BROKERS.split(',');
  const kafka = traceKafka(new Kafka({ brokers, logLevel: logLevel.NOTHING }), options);
  const producer = kafka.producer();
  await producer.connect();
  return {
    create: (topics) => createTopics(brokers, topics),
    send: (topic) => producer.send({ topic, messages: [{ value: '1' }] }),
    async receive(topic, count, handle) {
      const { all, handleOne } = counting(count, handle);
      const consumer = kafka.consumer({ groupId: `${topic}.test`, maxWaitTimeInMs: 100 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({ eachMessage: ({ message }) => handleOne(message.headers) });
      await all;
      await consumer.disconnect();
    },
    close: () => producer.disconnect(),
  };
}

async function overRabbitmq({ AMQP_URL }: Addresses): Promise<Transport> {
  const connection = traceConnection(await connect(AMQP_URL), options);
  const channel = await connection.createConfirmChannel();
  return {
    async create(queues) {
      for (const queue of queues) await channel.assertQueue(queue, { durable: false, expires: 300_000 });
    },
    async send(queue) {
      channel.sendToQueue(queue, Buffer.from('1'));
      await channel.waitForConfirms();
    },
    async receive(queue, count, handle) {
      const { all, handleOne } = counting(count, handle);
      // oxlint-disable-next-line typescript/no-misused-promises -- its promise ends the span
      await channel.consume(queue, (message) => handleOne(message?.properties.headers), { noAck: true });
      await all;
    },
    close: () => connection.close(),
  };
}

async function overRedis({ REDIS_URL }: Addresses): Promise<Transport> {
  const redis = traceRedis(new Redis(REDIS_URL), { ...options, hideFields: false });
  const created: string[] = [];
  return {
    async create(streams) {
      for (const stream of streams) await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
      created.push(...streams);
    },
    send: (stream) => redis.xadd(stream, '*', 'body', '1'),
    async receive(stream, count, handle) {
      const { all, handleOne } = counting(count, handle);
      for (let left = count; left > 0;) {
        const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'BLOCK', 1000, 'STREAMS', stream, '>');
        const entries = (reply as [[string, [string, string[]][]]] | null)?.[0][1] ?? [];
        left -= entries.length;
        for (const entry of entries) {
          const [, fields] = entry;
          const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]!]] : []));
          await processMessage(entry, () => handleOne(Object.fromEntries(pairs) as Headers));
        }
      }
      await all;
    },
    async close() {
      await redis.del(created);
      redis.disconnect();
    },
  };
}

/** Connects a traced client. */
export const transports: Record<Relay['broker'], (addresses: Addresses) => Promise<Transport>> = {
  kafka: overKafka,
  rabbitmq: overRabbitmq,
  redis: overRedis,
};
