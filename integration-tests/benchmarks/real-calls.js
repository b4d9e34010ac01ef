// Makes the calls of the benchmark's paths on a real broker, two messages of each. Plain JavaScript, because the
// auto-instrumentations need Node's own `require`.
//   fork('real-calls.js', [CLIENT, VARIANT, SINK, ADDRESS])
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { answer } from '../../benchmarks/clients/answer.js';
import { setUp, textsOf } from '../../benchmarks/clients/set-up.js';

const require = createRequire(import.meta.url);
const [, , client, variant, sink, address] = process.argv;
const tools = setUp(variant, sink);
tools.instrument(client);
const texts = textsOf(true, 0);
const name = `bench-${randomUUID()}`;
const content = Buffer.from('{"order":7}');

/** Runs as an application that sends, in the trace of a message. */
const inTrace = (send) => context.with(tools.parent(texts), send);
/** Runs without a span and without a change of what is sent. */
const untraced = (fn) => context.with(suppressTracing(ROOT_CONTEXT), fn);

/** Calls `start(handle)` and resolves when `handle` was called `count` times. */
const handled = (count, start) =>
  new Promise((resolve, reject) => {
    const handle = () => --count === 0 && setImmediate(resolve);
    Promise.resolve(start(handle)).catch(reject);
  });

const clients = {
  async kafkajs() {
    const { Kafka, logLevel } = require('kafkajs');
    const { processMessage, traceKafka } = await import('mqtrace/kafkajs');
    const received = `${name}-received`;
    const plain = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
    const kafka = tools.wrap(plain, traceKafka);
    const admin = plain.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: name }, { topic: received }], waitForLeaders: true });
    await admin.disconnect();
    const producer = kafka.producer();
    await producer.connect();
    // A first send, so that the brokers are known, as on a running client.
    const message = () => ({ key: 'order-7', value: '{"order":7}', headers: { ...texts } });
    await untraced(() => producer.send({ topic: received, messages: [message(), message()] }));
    const process = tools.traced ? processMessage : (message, fn) => fn(message);

    const consume = async (makeConfig) => {
      const consumer = kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 });
      await consumer.connect();
      await consumer.subscribe({ topic: received, fromBeginning: true });
      await handled(2, (handle) => consumer.run(makeConfig(handle)));
      await consumer.disconnect();
    };
    return {
      'kafkajs send': async () => {
        const record = () => ({ topic: name, messages: [{ key: 'order-7', value: '{"order":7}' }] });
        for (let at = 0; at < 2; at++) await inTrace(() => producer.send(record()));
      },
      'kafkajs eachMessage': () => consume((handle) => ({ eachMessage: async () => handle() })),
      'kafkajs eachBatch, processMessage each': () =>
        consume((handle) => ({
          async eachBatch({ batch }) {
            for (const each of batch.messages) await process(each, async () => {});
            batch.messages.forEach(handle);
          },
        })),
      close: () => producer.disconnect(),
    };
  },

  async amqplib() {
    const { connect } = require('amqplib');
    const { traceConnection } = await import('mqtrace/amqplib');
    const connection = tools.wrap(await connect(address), traceConnection);
    const channel = await connection.createChannel();
    const confirms = await connection.createConfirmChannel();
    await channel.assertQueue(name, { exclusive: false, autoDelete: true });
    const options = () => ({ persistent: true });
    return {
      'amqplib publish'() {
        for (let at = 0; at < 2; at++) inTrace(() => channel.publish('', name, content, options()));
      },
      async 'amqplib publish and confirm'() {
        let confirm;
        const confirmed = handled(2, (handle) => (confirm = handle));
        for (let at = 0; at < 2; at++) inTrace(() => confirms.publish('', name, content, options(), confirm));
        await confirmed;
      },
      async 'amqplib consume and ack'() {
        await channel.purgeQueue(name);
        const publish = () => untraced(() => channel.publish('', name, content, { persistent: true, headers: texts }));
        await handled(2, (handle) => {
          publish();
          publish();
          return channel.consume(name, (message) => {
            channel.ack(message);
            handle();
          });
        });
      },
      close: () => connection.close(),
    };
  },

  async ioredis() {
    const { Redis } = require('ioredis');
    const { traceRedis } = await import('mqtrace/ioredis');
    const redis = tools.wrap(new Redis(address), traceRedis);
    await untraced(() => redis.xgroup('CREATE', name, 'g', '$', 'MKSTREAM'));
    const fields = ['order', '7'];
    return {
      'ioredis XADD': async () => {
        for (let at = 0; at < 2; at++) await inTrace(() => redis.xadd(name, '*', ...fields));
      },
      'ioredis XREADGROUP and XACK': async () => {
        await untraced(() => redis.xgroup('SETID', name, 'g', '$'));
        const add = () => redis.xadd(name, '*', ...fields, ...Object.entries(texts).flat());
        for (let at = 0; at < 2; at++) await untraced(add);
        const [[, entries]] = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 2, 'STREAMS', name, '>');
        await redis.xack(name, 'g', ...entries.map(([id]) => id));
      },
      async close() {
        await untraced(() => redis.del(name));
        redis.disconnect();
      },
    };
  },
};

const calls = await clients[client]();

// Connecting has spans as well.
await tools.flush();

answer({
  destination: () => name,
  async run(family) {
    await calls[family]();
    await tools.flush();
  },
  close: () => calls.close(),
});
