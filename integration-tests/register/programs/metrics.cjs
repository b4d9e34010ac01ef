// Sends messages through three clients, consumes some of them, and prints what mqtrace/metrics then reports. With WRAP=1 it wraps its
// clients itself.
const { connect } = require('amqplib');
const { Redis } = require('ioredis');
const { Kafka, logLevel } = require('kafkajs');
const { mqtraceMetrics } = require('mqtrace/metrics');

const { KAFKA_BROKERS, AMQP_URL, REDIS_URL, TOPIC, QUEUE, STREAM, WRAP } = process.env;
const metrics = mqtraceMetrics();
const wrapped = (module, name, client) =>
  WRAP === '1' ? require(`mqtrace/${module}`)[name](client, { pollLag: true }) : client;

/** The values of the lag and of the counters, by the kind of destination. */
async function read() {
  const { scopeMetrics } = (await metrics.collect()).resourceMetrics;
  const told = /^(mqtrace\.consumer\.|messaging\.client\.(sent|consumed)\.messages$)/;
  return scopeMetrics
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => told.test(descriptor.name))
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const short = descriptor.name.split('.').slice(2).join('.');
        return `${String(attributes['messaging.system.name'])} ${short} ${JSON.stringify(value)}`;
      }),
    )
    .sort();
}

/** Waits until messages have come as far as is expected, and the broker knows it. */
async function settled(expected) {
  for (let left = 100; left > 0; left--) {
    const now = await read();
    if (expected.every((line) => now.includes(line))) return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return read();
}

async function run() {
  const redis = wrapped('ioredis', 'traceRedis', new Redis(REDIS_URL));
  await redis.xgroup('CREATE', STREAM, 'g', '0', 'MKSTREAM');
  for (let n = 0; n < 5; n++) await redis.xadd(STREAM, '*', 'n', String(n));
  await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 2, 'STREAMS', STREAM, '>');

  const connection = wrapped('amqplib', 'traceConnection', await connect(AMQP_URL));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(QUEUE, { durable: false });
  for (let n = 0; n < 6; n++) channel.sendToQueue(QUEUE, Buffer.from(String(n)));
  await channel.waitForConfirms();
  await channel.prefetch(2);
  await channel.consume(QUEUE, () => {});

  const brokers = KAFKA_BROKERS.split(',');
  const kafka = wrapped('kafkajs', 'traceKafka', new Kafka({ brokers, logLevel: logLevel.NOTHING }));
  const producer = kafka.producer();
  const send = (count) =>
    producer.send({ topic: TOPIC, messages: Array.from({ length: count }, (_, n) => ({ value: String(n) })) });
  await producer.connect();
  await send(5);
  const consumer = kafka.consumer({ groupId: TOPIC, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const third = new Promise((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        if (message.offset !== '2') return;
        resolve();
        await gate;
      },
    });
  });
  await third;
  // The consumer is busy, so that only the broker can tell of these.
  await send(4);

  console.log(JSON.stringify(await settled(['kafka lag 7', 'rabbitmq lag 4', 'redis lag 3'])));
  release();
  await consumer.disconnect();
  await producer.disconnect();
  await channel.deleteQueue(QUEUE);
  await connection.close();
  await redis.del(STREAM);
  await redis.quit();
}
void run();
