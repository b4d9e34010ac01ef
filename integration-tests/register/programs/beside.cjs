// OpenTelemetry's instrumentations of the three clients beside mqtrace/register or the classes of mqtrace/instrumentation: what each
// operation's spans are, by scope, and which headers arrived. As JSON.
//   node beside.cjs KIND: `theirs` (only theirs), `register`, `classes`, `explicit`
const { randomUUID } = require('node:crypto');
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');

const kind = process.argv[2];
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const theirs = [
  new (require('@opentelemetry/instrumentation-kafkajs').KafkaJsInstrumentation)(),
  new (require('@opentelemetry/instrumentation-amqplib').AmqplibInstrumentation)(),
  new (require('@opentelemetry/instrumentation-ioredis').IORedisInstrumentation)({ requireParentSpan: false }),
];
const classes = require('mqtrace/instrumentation');
const ours = () => [
  new classes.KafkaJsInstrumentation(),
  new classes.AmqplibInstrumentation(),
  new classes.IORedisInstrumentation(),
];
registerInstrumentations({ instrumentations: kind === 'classes' ? [...theirs, ...ours()] : theirs });

const amqplib = require('amqplib');
const { Redis } = require('ioredis');
const { Kafka, logLevel } = require('kafkajs');
const explicit = kind === 'explicit';
const { traceKafka } = require('mqtrace/kafkajs');
const { traceConnection } = require('mqtrace/amqplib');
const { traceRedis } = require('mqtrace/ioredis');

const { AMQP_URL, KAFKA_BROKERS, REDIS_URL, TOPIC } = process.env;
const report = {};

/** The scopes of the spans that were made meanwhile. */
async function scopesOf(name, fn) {
  exporter.reset();
  await fn();
  report[name] = exporter
    .getFinishedSpans()
    .map(({ instrumentationScope }) => instrumentationScope.name.replace('@opentelemetry/instrumentation-', 'theirs '))
    .sort();
}

async function run() {
  const made = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING });
  const kafka = explicit ? traceKafka(made) : made;
  const producer = kafka.producer();
  await producer.connect();
  await scopesOf('kafka send', () => producer.send({ topic: TOPIC, messages: [{ value: '1' }] }));
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: TOPIC });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  report.headers = await new Promise((resolve) => {
    void consumer.run({ eachMessage: async ({ message }) => resolve(Object.keys(message.headers)) });
  });
  await consumer.disconnect();

  const opened = await amqplib.connect(AMQP_URL);
  const connection = explicit ? traceConnection(opened) : opened;
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await scopesOf('amqp publish', async () => {
    channel.sendToQueue(queue, Buffer.from('1'));
    await channel.waitForConfirms();
  });
  await connection.close();

  const client = new Redis(REDIS_URL);
  const redis = explicit ? traceRedis(client) : client;
  await redis.ping();
  const stream = `beside-${randomUUID()}`;
  await scopesOf('redis xadd', () => redis.xadd(stream, '*', 'a', '1'));
  await redis.del(stream);
  redis.disconnect();
  console.log(JSON.stringify(report));
}
void run();
