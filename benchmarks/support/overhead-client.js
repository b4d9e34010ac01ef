// One client, traced in one way (or not at all): sends messages to a real broker, receives them, and prints the processor time of this
// process per message. Plain JavaScript on the built package, since what runs TypeScript would be measured as well.
//   node overhead-client.js CLIENT VARIANT ADDRESS SINK
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { context, defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

const require = createRequire(import.meta.url);
const [, , client, variant, address, sink] = process.argv;
const [tracer, flag] = variant.split(' ');

let shutdown = async () => {};
if (tracer === 'mqtrace') {
  const { startTracing } = await import('mqtrace/sdk');
  const tracing = startTracing({ serviceName: 'bench', export: { endpoint: sink }, environment: 'ignore' });
  shutdown = () => tracing.shutdown();
} else if (tracer === 'context') {
  // What any tracing needs and pays for: a context that follows asynchronous calls.
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
} else if (tracer === 'auto') {
  const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
  const exporter = new OTLPTraceExporter({ url: `${sink}/v1/traces` });
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  provider.register();
  const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs');
  const { AmqplibInstrumentation } = require('@opentelemetry/instrumentation-amqplib');
  const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
  for (const Instrumentation of [KafkaJsInstrumentation, AmqplibInstrumentation, IORedisInstrumentation]) {
    const instrumentation = new Instrumentation();
    instrumentation.setTracerProvider(provider);
    instrumentation.enable();
  }
  shutdown = () => provider.shutdown();
}

/** Connects, and gives what sends `count` messages and what receives as many, or all that there are. */
const clients = {
  async kafkajs() {
    const { Kafka, logLevel } = require('kafkajs');
    const plain = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
    const { traceKafka } = await import('mqtrace/kafkajs');
    const kafka = tracer === 'mqtrace' ? traceKafka(plain) : plain;
    const topic = `bench-${randomUUID()}`;
    const admin = plain.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
    await admin.disconnect();
    const producer = kafka.producer();
    await producer.connect();
    const consumer = kafka.consumer({ groupId: topic });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let left = 0;
    let done;
    let started;
    return {
      inFlight: 20,
      send: () => producer.send({ topic, messages: [{ key: 'order-7', value: '{"order":7}' }] }),
      async receive(count) {
        left += count;
        const all = new Promise((resolve) => (done = resolve));
        const eachMessage = async () => {
          if (--left === 0) done();
        };
        started ??= consumer.run({ eachMessage });
        consumer.resume([{ topic }]);
        await all;
        consumer.pause([{ topic }]);
      },
      close: () => Promise.all([producer.disconnect(), consumer.disconnect()]),
    };
  },

  async amqplib() {
    const amqp = require('amqplib');
    const plain = await amqp.connect(address);
    const { traceConnection } = await import('mqtrace/amqplib');
    const connection = tracer === 'mqtrace' ? traceConnection(plain) : plain;
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const content = Buffer.from('{"order":7}');
    return {
      inFlight: 100,
      send: () => new Promise((resolve) => channel.sendToQueue(queue, content, {}, resolve)),
      async receive(count) {
        let left = count;
        let done;
        const all = new Promise((resolve) => (done = resolve));
        const { consumerTag } = await channel.consume(queue, (message) => {
          channel.ack(message);
          if (--left === 0) done();
        });
        await all;
        await channel.cancel(consumerTag);
      },
      close: () => connection.close(),
    };
  },

  async ioredis() {
    const { Redis } = require('ioredis');
    const plain = new Redis(address);
    const { traceRedis, processMessage } = await import('mqtrace/ioredis');
    const redis = tracer === 'mqtrace' ? traceRedis(plain) : plain;
    const handle = tracer === 'mqtrace' ? processMessage : (entry, fn) => fn(entry);
    const stream = `bench-${randomUUID()}`;
    await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
    return {
      inFlight: 100,
      send: () => redis.xadd(stream, '*', 'order', '7'),
      async receive(count) {
        for (let left = count; left > 0;) {
          const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 100, 'STREAMS', stream, '>');
          const entries = reply[0][1];
          for (const entry of entries) handle(entry, () => entry);
          left -= entries.length;
        }
      },
      close: async () => {
        await redis.del(stream);
        redis.disconnect();
      },
    };
  },
};

const bench = await clients[client]();
const traceFlags = flag === 'sampled' ? '01' : '00';
const traceparent = `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${traceFlags}`;
const parent =
  tracer === 'none'
    ? ROOT_CONTEXT
    : new W3CTraceContextPropagator().extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);

async function perMessage(count, work) {
  const before = process.cpuUsage();
  await context.with(parent, () => work(count));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

async function send(count) {
  for (let sent = 0; sent < count; sent += bench.inFlight) {
    await Promise.all(Array.from({ length: bench.inFlight }, () => bench.send()));
  }
}

const count = client === 'kafkajs' ? 5000 : 30_000;
for (const messages of [count / 2, count]) {
  const result = { send: await perMessage(messages, send), receive: await perMessage(messages, bench.receive) };
  if (messages === count) console.log(JSON.stringify(result));
}
await bench.close();
await shutdown();
process.exit();
