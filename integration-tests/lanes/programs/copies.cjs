// Uses two copies of the package in one process, as npm may install them: node copies.cjs, with the second in ./other.
const assert = require('node:assert');
const { createRequire } = require('node:module');
const path = require('node:path');
const amqplib = require('amqplib');
const ioredis = require('ioredis');
const { Kafka, logLevel } = require('kafkajs');

const first = require;
const second = createRequire(path.join(__dirname, 'other/index.cjs'));
assert.notStrictEqual(first.resolve('mqtrace'), second.resolve('mqtrace'));
const { KAFKA_BROKERS, AMQP_URL, REDIS_URL, TOPIC, QUEUE, STREAM } = process.env;

const names = [];
const tracing = first('mqtrace/sdk').startTracing({
  serviceName: 'copies',
  environment: 'ignore',
  export: { protocol: 'none' },
  spanProcessors: [
    {
      onStart() {},
      onEnd: (span) => void names.push(span.name),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  ],
});

/** Wraps with both copies. */
function twice(subpath, name, client) {
  for (const copy of [first, second]) assert.strictEqual(copy(subpath)[name](client), client);
  return client;
}

async function main() {
  const kafka = twice(
    'mqtrace/kafkajs',
    'traceKafka',
    new Kafka({ clientId: 'copies', brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING }),
  );
  const consumer = twice('mqtrace/kafkajs', 'traceConsumer', kafka.consumer({ groupId: TOPIC, maxWaitTimeInMs: 100 }));
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const taken = new Promise((resolve) => {
    void consumer.run({ eachMessage: async () => resolve() });
  });
  const producer = twice('mqtrace/kafkajs', 'traceProducer', kafka.producer());
  await producer.connect();
  await producer.send({ topic: TOPIC, messages: [{ value: '17' }] });
  await taken;
  await consumer.disconnect();
  await producer.disconnect();

  const connection = twice('mqtrace/amqplib', 'traceConnection', await amqplib.connect(AMQP_URL));
  const channel = twice('mqtrace/amqplib', 'traceChannel', await connection.createChannel());
  await channel.assertQueue(QUEUE);
  const delivered = new Promise((resolve) => {
    void channel.consume(QUEUE, (message) => {
      if (message === null) return; // the queue was deleted
      channel.ack(message);
      resolve();
    });
  });
  channel.sendToQueue(QUEUE, Buffer.from('17'));
  await delivered;
  await channel.deleteQueue(QUEUE);
  await connection.close();

  const redis = twice('mqtrace/ioredis', 'traceRedis', new ioredis.Redis(REDIS_URL));
  await redis.xadd(STREAM, '*', 'order', '17');
  await redis.pipeline().xadd(STREAM, '*', 'order', '18').exec();
  await redis.xread('COUNT', 2, 'STREAMS', STREAM, '0');
  await redis.del(STREAM);
  await redis.quit();

  // Both copies share their counters and settings.
  assert.deepStrictEqual(first('mqtrace').tracingFaults(), second('mqtrace').tracingFaults());
  first('mqtrace').processBaggage.set('region', 'eu');
  assert.strictEqual(second('mqtrace').processBaggage.get('region'), 'eu');
  await tracing.shutdown();
  const expected = [
    `send ${TOPIC}`,
    `process ${TOPIC}`,
    `publish ${QUEUE}`,
    `process ${QUEUE}`,
    `ack ${QUEUE}`,
    `xadd ${STREAM}`,
    `xadd ${STREAM}`,
    `xread ${STREAM}`,
  ];
  const sorted = (list) => list.toSorted((a, b) => (a < b ? -1 : 1));
  assert.deepStrictEqual(sorted(names), sorted(expected));
  return 'ok';
}

main().then(
  (result) => console.log(result),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
