// Sends messages of every kind that the dashboard shows, through the real brokers.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { createTopics } from '../../test-support/kafka-topics.ts';

/** The addresses of the brokers. */
export interface Brokers {
  readonly kafka: string[];
  readonly amqp: string;
  readonly redis: string;
}

/** Work that runs until it is stopped. */
export interface Traffic {
  readonly stop: () => Promise<void>;
}

const options = { pipelines: true, pollLag: true };

/** Calls `act` repeatedly. */
function repeat(act: () => unknown): () => Promise<void> {
  const stopped = new AbortController();
  const done = (async () => {
    while (!stopped.signal.aborted) {
      await act();
      await sleep(50);
    }
  })();
  return () => {
    stopped.abort();
    return done;
  };
}

/** Sends, and consumes more slowly than it sends. */
export async function kafkaTraffic({ kafka: brokers }: Brokers, topic: string): Promise<Traffic> {
  await createTopics(brokers, [topic]);
  const kafka = traceKafka(new Kafka({ brokers, logLevel: logLevel.NOTHING }), { pipelines: true });
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 50 });
  await producer.connect();
  await consumer.connect();
  const send = (): Promise<unknown> => producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] });
  await send();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: () => sleep(60) });
  const end = repeat(send);
  return {
    async stop() {
      await end();
      await consumer.disconnect();
      await producer.disconnect();
    },
  };
}

/** Rejects each message once, so that a dead-letter exchange redelivers it; some messages have a time in the future. */
export async function rabbitmqTraffic({ amqp }: Brokers, queue: string): Promise<Traffic> {
  const plain = await connect(amqp);
  const control = await plain.createChannel();
  const waiting = `${queue}.waiting`;
  const back = { durable: false, autoDelete: true, arguments: { 'x-dead-letter-exchange': '', 'x-message-ttl': 100 } };
  await control.assertQueue(queue, {
    ...back,
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': waiting },
  });
  await control.assertQueue(waiting, {
    ...back,
    autoDelete: false,
    arguments: { ...back.arguments, 'x-dead-letter-routing-key': queue },
  });
  const connection = traceConnection(await connect(amqp), options);
  const channel = await connection.createChannel();
  await channel.consume(queue, (message) => {
    if (message?.properties.headers?.['x-death'] === undefined) channel.reject(message!, false);
    else channel.ack(message);
  });
  const end = repeat(() => {
    channel.sendToQueue(queue, Buffer.from('1'));
    control.sendToQueue(queue, Buffer.from('2'), { headers: { 'mqtrace-sent-at': String(Date.now() + 60_000) } });
  });
  return {
    async stop() {
      await end();
      await connection.close();
      await control.deleteQueue(waiting);
      await plain.close();
    },
  };
}

/**
 * Reads some of the entries it adds, acknowledges some of those it reads, and sometimes fails in sending and in
 * processing.
 */
export async function redisTraffic({ redis: url }: Brokers, stream: string): Promise<Traffic> {
  const redis = traceRedis(new Redis(url), options);
  await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  await redis.set(`${stream}.text`, '');
  const end = repeat(async () => {
    for (let n = 0; n < 3; n++) await redis.xadd(stream, '*', 'n', String(n));
    await redis.xadd(`${stream}.text`, '*', 'n', '1').catch(() => {});
    const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 2, 'STREAMS', stream, '>');
    const [[, entries]] = reply as [[string, [string, string[]][]]];
    await processMessage(entries[0]!, ([id]) => redis.xack(stream, 'g', id));
    await processMessage(entries[1]!, () => Promise.reject(new RangeError('out of stock'))).catch(() => {});
  });
  return {
    async stop() {
      await end();
      await redis.del(stream, `${stream}.text`);
      redis.disconnect();
    },
  };
}
