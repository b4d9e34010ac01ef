// Sends messages through the three clients in a process in which OpenTelemetry's instrumentations are active as well.
// It prints, as JSON, the spans of each instrumentation scope, what the application's code within the calls saw, and
// the messages of diag. Plain JavaScript, because the instrumentations need Node's own `require`.
//   node program.js KAFKA_BROKER AMQP_URL REDIS_URL
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { context, createContextKey, diag, DiagLogLevel, trace } from '@opentelemetry/api';

const require = createRequire(import.meta.url);
const [, , kafkaBroker, amqpUrl, redisUrl] = process.argv;

const warnings = [];
const silent = () => undefined;
diag.setLogger(
  { warn: (text) => warnings.push(text), error: silent, info: silent, debug: silent, verbose: silent },
  DiagLogLevel.WARN,
);
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs');
const { AmqplibInstrumentation } = require('@opentelemetry/instrumentation-amqplib');
const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
for (const Instrumentation of [KafkaJsInstrumentation, AmqplibInstrumentation, IORedisInstrumentation]) {
  const instrumentation = new Instrumentation({ requireParentSpan: false });
  instrumentation.setTracerProvider(provider);
  instrumentation.enable();
}
const { Kafka, logLevel, Partitioners } = require('kafkajs');
const amqp = require('amqplib');
const { Redis } = require('ioredis');
const { traceKafka } = await import('mqtrace/kafkajs');
const { traceConnection } = await import('mqtrace/amqplib');
const { traceRedis } = await import('mqtrace/ioredis');

const application = trace.getTracer('application');
const key = createContextKey('application');
const seen = {};
/** The view of the application's code when it is called: its own value, and whether a span that it starts is recorded. */
function look(where) {
  const span = application.startSpan(where);
  seen[where] = {
    value: context.active().getValue(key),
    records: span.isRecording(),
    parent: trace.getActiveSpan()?.name,
  };
  span.end();
}
const within = (value, fn) => context.with(context.active().setValue(key, value), fn);

/** The spans that ended since, by instrumentation scope. */
async function spansOf(fn) {
  exporter.reset();
  await fn();
  const names = {};
  for (const span of exporter.getFinishedSpans()) {
    const scope = span.instrumentationScope.name.replace('@opentelemetry/instrumentation-', 'auto ');
    if (scope !== 'application') (names[scope] ??= []).push(span.name.replaceAll(/ \S*[0-9a-f]{8}-\S*/g, ' x'));
  }
  return names;
}

const topic = `coexistence-${randomUUID()}`;
const kafka = traceKafka(new Kafka({ brokers: [kafkaBroker], logLevel: logLevel.NOTHING }));
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
await admin.disconnect();
const createPartitioner = () => {
  const partition = Partitioners.DefaultPartitioner();
  return (args) => {
    look('partitioner');
    return partition(args);
  };
};
const producer = kafka.producer({
  createPartitioner,
  idempotent: true,
  transactionalId: topic,
  maxInFlightRequests: 1,
});
await producer.connect();

const report = {};
report.kafkaTransaction = await spansOf(async () => {
  const transaction = await producer.transaction();
  await within('transaction', () => transaction.send({ topic, messages: [{ value: '1' }, { value: '2' }] }));
  seen.transaction = seen.partitioner;
  await transaction.commit();
});
await producer.disconnect();
const plain = kafka.producer({ createPartitioner });
await plain.connect();
report.kafkaSend = await spansOf(() => within('send', () => plain.send({ topic, messages: [{ value: '3' }] })));
await plain.disconnect();

const consumer = kafka.consumer({ groupId: topic });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
let left = 3;
await new Promise((resolve) => {
  void consumer.run({
    eachMessage: async () => {
      seen.kafkaHandler = {
        suppressed: !application.startSpan('handler').isRecording(),
        parent: trace.getActiveSpan()?.name,
      };
      if (--left === 0) resolve();
    },
  });
});
await consumer.disconnect();

const connection = traceConnection(await amqp.connect(amqpUrl));
const channel = await connection.createConfirmChannel();
const { queue } = await channel.assertQueue('', { exclusive: true });
report.amqpPublish = await spansOf(() =>
  within(
    'publish',
    () => new Promise((resolve) => channel.sendToQueue(queue, Buffer.from('1'), {}, () => resolve(look('confirm')))),
  ),
);
let delivered;
await new Promise((resolve) => {
  void channel.consume(queue, (message) => {
    delivered = message;
    seen.amqpHandler = {
      suppressed: !application.startSpan('handler').isRecording(),
      parent: trace.getActiveSpan()?.name,
    };
    resolve();
  });
});
report.amqpAck = await spansOf(async () => channel.ack(delivered));
await connection.close();

const redis = traceRedis(new Redis(redisUrl));
await redis.ping();
const stream = `coexistence-${randomUUID()}`;
report.redis = await spansOf(async () => {
  await redis.set(stream + ':key', '1', 'EX', 10);
  await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  const id = await within(
    'xadd',
    () =>
      new Promise((resolve) => {
        void redis.xadd(stream, '*', 'a', '1', (_, reply) => {
          look('callback');
          resolve(reply);
        });
      }),
  );
  await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
  await redis.xack(stream, 'g', id);
});
await redis.del(stream);
redis.disconnect();

process.stdout.write(JSON.stringify({ report, seen, warnings }));
