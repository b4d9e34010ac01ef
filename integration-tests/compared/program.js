// Checks the rows of docs/compared.md on the real brokers. Plain JavaScript: the auto-instrumentations need Node's own `require`.
//   node program.js auto|mqtrace KAFKA_BROKER AMQP_URL REDIS_URL
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { featureQuestions } from './features.js';
import { metricQuestions, readMetrics } from './metrics.js';

const require = createRequire(import.meta.url);
const [, , tracer, kafkaBroker, amqpUrl, redisUrl] = process.argv;
const own = tracer === 'mqtrace';

const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const { mqtraceMetrics } = await import('mqtrace/metrics');
const { meterProvider, metricsOf } = readMetrics(require, own ? [mqtraceMetrics()] : []);
let kafkaInstrumentation;
if (!own) {
  const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs');
  const { AmqplibInstrumentation } = require('@opentelemetry/instrumentation-amqplib');
  const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
  for (const Instrumentation of [KafkaJsInstrumentation, AmqplibInstrumentation, IORedisInstrumentation]) {
    const instrumentation = new Instrumentation({ requireParentSpan: false });
    instrumentation.setTracerProvider(provider);
    instrumentation.setMeterProvider(meterProvider);
    instrumentation.enable();
    kafkaInstrumentation ??= instrumentation;
  }
}
const { Kafka, logLevel } = require('kafkajs');
const amqp = require('amqplib');
const { Redis } = require('ioredis');
const { traceKafka, processMessage: processKafka } = await import('mqtrace/kafkajs');
const { traceConnection } = await import('mqtrace/amqplib');
const { traceRedis, processMessage: processEntry } = await import('mqtrace/ioredis');

const newKafka = () => new Kafka({ brokers: [kafkaBroker], logLevel: logLevel.NOTHING, retry: { retries: 1 } });
const kafka = newKafka();
const traced = own ? traceKafka(kafka) : kafka;
const plainConnection = await amqp.connect(amqpUrl);
const connection = own ? traceConnection(plainConnection) : plainConnection;
const channel = await connection.createChannel();
const redis = own ? traceRedis(new Redis(redisUrl)) : new Redis(redisUrl);
const producer = traced.producer();
await producer.connect();

const withTenant = (fn) =>
  context.with(propagation.setBaggage(context.active(), propagation.createBaggage({ tenant: { value: 'acme' } })), fn);
const tenant = () => propagation.getActiveBaggage()?.getEntry('tenant')?.value;
const spansOf = (traceId) => exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
const traceIdIn = (header) => String(header).split('-')[1];

async function newTopic() {
  const topic = `compared-${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

/**
 * Sends with `send(topic)`, then passes the `count` messages that arrive to the handlers of `run`, until `done` is
 * called.
 */
async function throughKafka(send, handlers, count) {
  const topic = await newTopic();
  await send(topic);
  const consumer = traced.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let left = count;
  await new Promise((resolve) => {
    const done = (seen) => (left -= seen) <= 0 && resolve();
    void consumer.run(handlers(done));
  });
  await consumer.disconnect();
}

const headersOf = async (send, count) => {
  const seen = [];
  await throughKafka(
    send,
    (done) => ({
      eachMessage: async ({ message }) => {
        seen.push(message.headers);
        done(1);
      },
    }),
    count,
  );
  return seen;
};

const throughQueue = async (send) => {
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await send(queue);
  for (;;) {
    const message = await context.with(suppressTracing(ROOT_CONTEXT), () => channel.get(queue, { noAck: true }));
    if (message) return message.properties.headers;
    await sleep(5);
  }
};

const clients = { newKafka, amqp, amqpUrl, Redis, redisUrl, kafkaInstrumentation };
const wrappers = { traceKafka, traceConnection, traceRedis };
/** By their names in docs/compared.md. */
const questions = {
  async 'The handler of a Kafka message runs in the trace of its send, with its baggage'() {
    let seen;
    await throughKafka(
      (topic) => withTenant(() => producer.send({ topic, messages: [{ value: '1' }] })),
      (done) => ({
        eachMessage: async ({ message }) => {
          const active = trace.getActiveSpan()?.spanContext().traceId;
          seen = active === traceIdIn(message.headers.traceparent) && tenant() === 'acme';
          done(1);
        },
      }),
      1,
    );
    return seen;
  },

  async 'The handler of a RabbitMQ message runs in the trace of its publish, with its baggage'() {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    return new Promise((resolve) => {
      const look = ({ properties: { headers } }) =>
        trace.getActiveSpan()?.spanContext().traceId === traceIdIn(headers.traceparent) && tenant() === 'acme';
      void channel.consume(queue, (message) => resolve(look(message)), { noAck: true });
      withTenant(() => channel.sendToQueue(queue, Buffer.from('1')));
    });
  },

  async 'Messages of one Kafka send that share a headers object each carry a context of their own'() {
    const headers = { source: 'shop' };
    const [first, second] = await headersOf(
      (topic) =>
        producer.send({
          topic,
          messages: [
            { value: '1', headers },
            { value: '2', headers },
          ],
        }),
      2,
    );
    return String(first.traceparent) !== String(second.traceparent);
  },

  async 'A Kafka message object that is sent again carries nothing of the first send'() {
    const message = { value: '1', headers: { source: 'shop' } };
    const [, second] = await headersOf(async (topic) => {
      await withTenant(() => producer.send({ topic, messages: [message] }));
      await producer.send({ topic, messages: [message] });
    }, 2);
    return second.baggage === undefined;
  },

  async 'A frozen Kafka message can be sent'() {
    const message = Object.freeze({ value: '1', headers: Object.freeze({ source: 'shop' }) });
    try {
      const [headers] = await headersOf((topic) => producer.send({ topic, messages: [message] }), 1);
      return headers.traceparent !== undefined;
    } catch {
      return false;
    }
  },

  async 'A Kafka message with two `traceparent` headers keeps its trace'() {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    let traceId;
    await throughKafka(
      (topic) =>
        context.with(suppressTracing(ROOT_CONTEXT), () =>
          producer.send({ topic, messages: [{ value: '1', headers: { traceparent: [traceparent, traceparent] } }] }),
        ),
      (done) => ({
        eachMessage: async () => {
          ({ traceId } = trace.getActiveSpan().spanContext());
          done(1);
        },
      }),
      1,
    );
    return traceparent.includes(traceId);
  },

  async 'Each message of a Kafka batch can be processed in its own trace, with its baggage'() {
    const processOne = own ? processKafka : (message, fn) => fn(message);
    let seen;
    await throughKafka(
      (topic) => withTenant(() => producer.send({ topic, messages: [{ value: '1' }] })),
      (done) => ({
        eachBatch: async ({ batch: { messages } }) => {
          const look = (message) => {
            const active = trace.getActiveSpan()?.spanContext().traceId;
            seen = active === traceIdIn(message.headers.traceparent) && tenant() === 'acme';
          };
          for (const message of messages) processOne(message, look);
          done(messages.length);
        },
      }),
      1,
    );
    return seen;
  },

  async 'A Kafka commit of offsets can be seen in the trace'() {
    const span = provider.getTracer('test').startSpan('job');
    const topic = await newTopic();
    const consumer = traced.consumer({ groupId: topic });
    await consumer.connect();
    await consumer.subscribe({ topic });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({ autoCommit: false, eachMessage: async () => {} });
    await joined;
    await context.with(trace.setSpan(ROOT_CONTEXT, span), () =>
      consumer.commitOffsets([{ topic, partition: 0, offset: '0' }]),
    );
    span.end();
    await consumer.disconnect();
    return spansOf(span.spanContext().traceId).length === 2;
  },

  async 'RabbitMQ publish options that are used again carry nothing of the first publish'() {
    const options = { headers: { source: 'shop' } };
    await throughQueue((queue) => withTenant(() => channel.sendToQueue(queue, Buffer.from('1'), options)));
    const second = await throughQueue((queue) => channel.sendToQueue(queue, Buffer.from('2'), options));
    return second.baggage === undefined;
  },

  async 'A RabbitMQ message can be published with frozen options'() {
    const options = Object.freeze({ headers: Object.freeze({ source: 'shop' }) });
    try {
      const headers = await throughQueue((queue) => channel.sendToQueue(queue, Buffer.from('1'), options));
      return headers.traceparent !== undefined;
    } catch {
      return false;
    }
  },

  async 'The span of a RabbitMQ consumer with `noAck` lasts as long as its asynchronous handler'() {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    return new Promise((resolve) => {
      const handler = async () => {
        const span = trace.getActiveSpan();
        await sleep(20);
        resolve(!span.ended);
      };
      // oxlint-disable-next-line typescript/no-misused-promises -- amqplib ignores what a handler returns; many are asynchronous
      void channel.consume(queue, handler, { noAck: true });
      channel.sendToQueue(queue, Buffer.from('1'));
    });
  },

  async 'A RabbitMQ `get` has a span that links the message'() {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    channel.sendToQueue(queue, Buffer.from('1'));
    const span = provider.getTracer('test').startSpan('job');
    let message;
    await context.with(trace.setSpan(ROOT_CONTEXT, span), async () => {
      while (!message) message = await channel.get(queue, { noAck: true });
    });
    span.end();
    const creation = traceIdIn(message.properties.headers.traceparent);
    return spansOf(span.spanContext().traceId).some(({ links }) =>
      links.some((link) => link.context.traceId === creation),
    );
  },

  async 'A Redis Streams entry carries trace and baggage to its readers'() {
    const stream = `compared-${randomUUID()}`;
    const span = provider.getTracer('test').startSpan('job');
    await context.with(trace.setSpan(ROOT_CONTEXT, span), () =>
      withTenant(() => redis.xadd(stream, '*', 'order', '7')),
    );
    span.end();
    const [[, [entry]]] = await redis.xread('STREAMS', stream, '0');
    await redis.del(stream);
    const look = () =>
      trace.getActiveSpan()?.spanContext().traceId === span.spanContext().traceId && tenant() === 'acme';
    return own ? processEntry(entry, look) : look();
  },

  ...featureQuestions({ clients, wrappers, helpers: { own, spansOf, provider, headersOf, newTopic } }),
  ...metricQuestions({ metricsOf, newTopic, throughKafka, producer, channel, redis }),
};

const answers = {};
for (const [question, ask] of Object.entries(questions)) answers[question] = await context.with(ROOT_CONTEXT, ask);
console.log(JSON.stringify(answers));
await producer.disconnect();
await connection.close();
redis.disconnect();
