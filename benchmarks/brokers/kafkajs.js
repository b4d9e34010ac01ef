// Measures kafkajs on a real broker.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { traceKafka } from 'mqtrace/kafkajs';

const require = createRequire(import.meta.url);

export async function open(tools, address) {
  const { Kafka, logLevel } = require('kafkajs');
  const plain = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
  const kafka = tools.wrap(plain, traceKafka);
  const [first, second, third] = ['a', 'b', 'c'].map((name) => `bench-${name}-${randomUUID()}`);
  const admin = plain.admin();
  await admin.connect();
  await admin.createTopics({ topics: [first, second, third].map((topic) => ({ topic })), waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const value = '{"order":7}';
  const send = (topic, headers) =>
    producer.send({ topic, messages: [{ key: 'order-7', value, ...(headers && { headers }) }] });

  /** Returns a function that waits until a number of messages of a topic has been handled. */
  async function consume(topic, handle) {
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let left = 0;
    let done;
    const eachMessage = tools.handler(async ({ message }) => {
      await handle?.(message);
      if (--left === 0) done();
    });
    let running;
    return async (count) => {
      left += count;
      const all = new Promise((resolve) => (done = resolve));
      running ??= consumer.run({ eachMessage });
      await running;
      consumer.resume([{ topic }]);
      await all;
      consumer.pause([{ topic }]);
    };
  }
  const headersOf = (message) => (tools.writesHeaders ? message.headers : undefined);
  return {
    messages: 3000,
    inFlight: 20,
    send: (headers) => send(first, headers),
    hop: await consume(first, (message) => send(second, headersOf(message))),
    receive: await consume(second),
    /** Paused consumers wait longer than a message takes, so this is the time until the broker has stored it. */
    ping: (headers) => send(third, headers),
  };
}
