// Times the wrappers' own paths in one process: each client is stubbed right below the traced call, and slices of the variants take
// turns. Plain JavaScript on the built package, since what runs TypeScript would be measured as well. Prints JSON.
//   node --expose-gc paths-client.js SETUP BAGGAGE [PATH]
import { createRequire } from 'node:module';
import { context, defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

const require = createRequire(import.meta.url);
const [, , setup, entries, only] = process.argv;
const slices = 60;
const warmUp = 10;
const sampled = setup.endsWith('100');

if (setup.startsWith('mqtrace')) {
  const { startTracing } = await import('mqtrace/sdk');
  startTracing({
    serviceName: 'bench',
    export: { endpoint: 'http://127.0.0.1:9' },
    environment: 'ignore',
    sampling: { sampler: { ratio: sampled ? 1 : 0 } },
  });
} else if (setup.startsWith('own')) {
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
  const { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler } = require('@opentelemetry/sdk-trace-base');
  const root = sampled ? new AlwaysOnSampler() : new AlwaysOffSampler();
  new NodeTracerProvider({ sampler: new ParentBasedSampler({ root }) }).register();
} else {
  throw new Error(`expected mqtrace0, mqtrace100, own0 or own100, got ${setup}`);
}

const { traceProducer, traceConsumer, processMessage } = await import('mqtrace/kafkajs');
const { traceChannel } = await import('mqtrace/amqplib');
const { traceRedis } = await import('mqtrace/ioredis');

const traceparent = `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${sampled ? '03' : '02'}`;
const baggage = Array.from({ length: Number(entries) }, (_, at) => `key${at}=value-${at}`).join(',');
const texts = baggage === '' ? { traceparent } : { traceparent, baggage };
const parent = new W3CTraceContextPropagator().extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
const bytesOf = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]));

/** Gives a client as it is, with the fast path, or without. */
const variants = {
  raw: (client) => client,
  fast: (client, trace) => trace(client, {}),
  slow: (client, trace) => trace(client, { fastPath: false }),
};

function producer(variant) {
  const metadata = [{ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '7' }];
  const sent = Promise.resolve(metadata);
  return variant({ send: () => sent, sendBatch: () => sent, on() {}, events: {} }, traceProducer);
}

/** The handler that kafkajs would call. */
async function handlerOf(variant, config) {
  let traced;
  const consumer = variant({ run: (given) => (traced = given), on() {}, events: {} }, traceConsumer);
  await consumer.run(config);
  return traced;
}

let offset = 0;
const kafkaMessage = () => ({
  key: Buffer.from('order-7'),
  value: Buffer.from('{"order":7}'),
  timestamp: '1760000000000',
  offset: String(offset++),
  attributes: 0,
  headers: bytesOf(texts),
});
const records = (count) => Array.from({ length: count }, () => ({ key: 'order-7', value: '{"order":7}' }));
const many = (count, make) => Array.from({ length: count }, make);

function sends(size) {
  return async (variant) => {
    const client = producer(variant);
    const messages = records(size);
    return {
      prepare: (count) => count / size,
      run: (calls) =>
        context.with(parent, async () => {
          for (let call = 0; call < calls; call++) await client.send({ topic: 'orders', messages });
        }),
    };
  };
}

const paths = {
  'kafkajs send of 1': sends(1),
  'kafkajs send of 10': sends(10),
  'kafkajs send of 1000': sends(1000),

  async 'kafkajs eachMessage'(variant) {
    const { eachMessage } = await handlerOf(variant, { eachMessage: async () => {} });
    return {
      prepare: (count) => many(count, kafkaMessage),
      async run(messages) {
        for (const message of messages) await eachMessage({ topic: 'orders', partition: 0, message });
      },
    };
  },

  async 'kafkajs eachBatch of 100, processMessage each'(variant) {
    const process = variant === variants.raw ? (message, fn) => fn(message) : processMessage;
    const handler = async ({ batch }) => {
      for (const message of batch.messages) await process(message, async () => {});
    };
    const { eachBatch } = await handlerOf(variant, { eachBatch: handler });
    return {
      prepare: (count) =>
        many(count / 100, () => ({ batch: { topic: 'orders', partition: 0, messages: many(100, kafkaMessage) } })),
      async run(payloads) {
        for (const payload of payloads) await eachBatch(payload);
      },
    };
  },

  async 'amqplib publish'(variant) {
    const channel = variant(channelStub(), traceChannel);
    const content = Buffer.from('{"order":7}');
    return {
      prepare: (count) => count,
      run: (count) =>
        context.with(parent, () => {
          for (let at = 0; at < count; at++) channel.publish('', 'orders', content, { persistent: true });
        }),
    };
  },

  async 'amqplib consume and ack'(variant) {
    const stub = channelStub();
    const channel = variant(stub, traceChannel);
    await channel.consume('orders', (message) => channel.ack(message));
    const deliver = stub.handler;
    let tag = 0;
    return {
      prepare: (count) =>
        many(count, () => ({
          fields: { deliveryTag: ++tag, redelivered: false, exchange: '', routingKey: 'orders', consumerTag: 'c' },
          properties: { headers: { ...texts }, contentType: undefined, timestamp: undefined },
          content: Buffer.from('{"order":7}'),
        })),
      run(messages) {
        for (const message of messages) deliver(message);
      },
    };
  },

  async 'ioredis XADD'(variant) {
    const redis = redisStub(variant, () => '1760000000000-0');
    return {
      prepare: (count) => count,
      run: (count) =>
        context.with(parent, async () => {
          for (let at = 0; at < count; at++) await redis.xadd('orders', '*', 'order', '7');
        }),
    };
  },

  async 'ioredis XREADGROUP of 100, XACK'(variant) {
    let replies;
    const redis = redisStub(variant, (command) => (command.name === 'xack' ? 1 : replies.pop()));
    const fields = Object.entries(texts).flat();
    const reply = () => [['orders', many(100, () => [`${1_760_000_000_000 + offset++}-0`, ['order', '7', ...fields]])]];
    return {
      prepare: (count) => many(count / 100, reply),
      async run(prepared) {
        replies = prepared;
        for (let left = prepared.length; left > 0; left--) {
          const [[, entries]] = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 100, 'STREAMS', 'orders', '>');
          await redis.xack('orders', 'g', ...entries.map(([id]) => id));
        }
      },
    };
  },
};

function channelStub() {
  const stub = {
    connection: { serverProperties: {} },
    get() {},
    publish: () => true,
    sendToQueue: () => true,
    ack() {},
    nack() {},
    reject() {},
    on() {},
    once() {},
    consume: async (_queue, handler) => ((stub.handler = handler), { consumerTag: 'c' }),
  };
  return stub;
}

function redisStub(variant, answer) {
  const { Redis } = require('ioredis');
  const redis = new Redis({ lazyConnect: true });
  redis.status = 'ready';
  redis.sendCommand = (command) => {
    command.resolve(answer(command));
    return command.promise;
  };
  return variant(redis, traceRedis);
}

const count = 2000;
const results = {};
for (const [path, make] of Object.entries(paths)) {
  if (only !== undefined && !path.includes(only)) continue;
  const runs = {};
  const times = {};
  const bytes = {};
  for (const [name, variant] of Object.entries(variants)) {
    runs[name] = await make(variant);
    times[name] = [];
  }
  for (let slice = -warmUp; slice < slices; slice++) {
    for (const [name, { prepare, run }] of Object.entries(runs)) {
      const prepared = prepare(count);
      const heap = process.memoryUsage().heapUsed;
      const started = process.hrtime.bigint();
      await run(prepared);
      const took = Number(process.hrtime.bigint() - started) / 1000 / count;
      const grown = (process.memoryUsage().heapUsed - heap) / count;
      if (slice < 0) continue;
      times[name].push(took);
      // A slice in which memory was collected tells nothing of what was allocated.
      if (grown > 0) bytes[name] = Math.min(bytes[name] ?? Infinity, grown);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  results[path] = Object.fromEntries(
    Object.entries(times).map(([name, all]) => {
      const sorted = all.toSorted((a, b) => a - b);
      return [name, { min: sorted[0], median: sorted[sorted.length >> 1], bytes: Math.round(bytes[name] ?? 0) }];
    }),
  );
}
console.log(JSON.stringify(results));
process.exit();
