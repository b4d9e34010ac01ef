// Sends and consumes with kafkajs, for questions that are asked of every client.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param tracer - what the set-up of a tracer provides */
export function kafkajsClient({ Kafka, logLevel }, { kafkaBroker }, tracer) {
  const make = () =>
    new Kafka({ brokers: [kafkaBroker], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20, retries: 3 } });
  const wrap = (options) => tracer.wrap?.kafkajs?.(make(), options) ?? make();
  const textsOf = (headers = {}) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  async function withProducer(kafka, fn) {
    const producer = kafka.producer();
    await producer.connect();
    try {
      return await fn(producer);
    } finally {
      await producer.disconnect();
    }
  }
  async function consume(kafka, topic, handler, count, { settle = false } = {}) {
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 20 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let left = count;
    await new Promise((resolve) => {
      const eachMessage = async ({ message }) => {
        try {
          await handler(textsOf(message.headers), message);
          if (settle) await consumer.commitOffsets([{ topic, partition: 0, offset: '1' }]);
        } finally {
          if (--left <= 0) resolve();
        }
      };
      void consumer.run({ autoCommit: !settle, eachMessage });
    });
    await sleep(20);
    await consumer.disconnect();
  }
  return {
    name: 'kafkajs',
    input: (headers) => ({ value: '1', headers }),
    async newDestination() {
      const topic = `compared-${randomUUID()}`;
      const admin = make().admin();
      await tracer.untraced(async () => {
        await admin.connect();
        await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
        await admin.disconnect();
      });
      return topic;
    },
    send: (topic, inputs, options) =>
      withProducer(wrap(options), (producer) => producer.send({ topic, messages: inputs })),
    sendTwiceWrapped: (topic, input) =>
      withProducer(tracer.again('kafkajs', wrap()), (producer) => producer.send({ topic, messages: [input] })),
    consume: (topic, handler, count, how) => consume(wrap(how?.options), topic, handler, count, how),
    settles: true,
  };
}
