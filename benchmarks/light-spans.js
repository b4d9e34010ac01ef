// What a sampled message costs with light spans and with spans of the SDK, its encoding included, the clients stubbed right below the
// traced call. Plain JavaScript on the built package, since what runs TypeScript would be measured as well.
//   npm run build && node --expose-gc benchmarks/light-spans.js [PATH]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { context, defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

if (process.argv[2] === '--sink') {
  // In a process of its own, so that receiving costs nothing here.
  const sink = createServer((request, response) => request.resume().on('end', () => response.end()));
  sink.listen(0, '127.0.0.1', () => process.send(sink.address().port));
  process.on('disconnect', () => process.exit());
} else {
  await measure(process.argv[2]);
}

async function measure(only) {
  const require = createRequire(import.meta.url);
  const { startTracing } = require('mqtrace/sdk');
  const { traceProducer, traceConsumer } = require('mqtrace/kafkajs');
  const { traceChannel } = require('mqtrace/amqplib');
  const sink = fork(new URL(import.meta.url), ['--sink']);
  const [port] = await once(sink, 'message');

  // Both have the propagator and the context manager of the one that is registered.
  const start = (lightSpans) =>
    startTracing({
      serviceName: 'bench',
      register: lightSpans,
      environment: 'ignore',
      export: { endpoint: `http://127.0.0.1:${port}` },
      fastPath: lightSpans,
    });
  const tracings = { sdk: start(false), light: start(true) };
  const variants = {
    raw: (client) => client,
    sdk: (client, trace) => trace(client, { tracerProvider: tracings.sdk.provider }),
    light: (client, trace) => trace(client, { tracerProvider: tracings.light.provider }),
  };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03';
  const parent = new W3CTraceContextPropagator().extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);

  let offset = 0;
  const paths = {
    'kafkajs send of 1': (variant) => sends(variant, 1),
    'kafkajs send of 10': (variant) => sends(variant, 10),
    'kafkajs send of 100': (variant) => sends(variant, 100),
    async 'kafkajs eachMessage'(variant) {
      let traced;
      const consumer = variant({ run: (given) => (traced = given), on() {}, events: {} }, traceConsumer);
      await consumer.run({ eachMessage: async () => {} });
      const message = () => ({
        key: Buffer.from('order-7'),
        value: Buffer.from('{"order":7}'),
        timestamp: '1760000000000',
        offset: String(offset++),
        attributes: 0,
        headers: { traceparent: Buffer.from(traceparent) },
      });
      return {
        prepare: (count) => Array.from({ length: count }, message),
        async run(messages) {
          for (const each of messages) await traced.eachMessage({ topic: 'orders', partition: 0, message: each });
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
      let tag = 0;
      const message = () => ({
        fields: { deliveryTag: ++tag, redelivered: false, exchange: '', routingKey: 'orders', consumerTag: 'c' },
        properties: { headers: { traceparent }, contentType: undefined, timestamp: undefined },
        content: Buffer.from('{"order":7}'),
      });
      return {
        prepare: (count) => Array.from({ length: count }, message),
        run(messages) {
          for (const each of messages) stub.handler(each);
        },
      };
    },
  };

  function sends(variant, size) {
    const metadata = Promise.resolve([{ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '7' }]);
    const client = variant({ send: () => metadata, sendBatch: () => metadata, on() {}, events: {} }, traceProducer);
    const messages = Array.from({ length: size }, () => ({ key: 'order-7', value: '{"order":7}' }));
    return {
      prepare: (count) => count / size,
      run: (calls) =>
        context.with(parent, async () => {
          for (let call = 0; call < calls; call++) await client.send({ topic: 'orders', messages });
        }),
    };
  }

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

  console.log(
    `Node.js ${process.version}. Microseconds a message above the raw client, minimum (median); bytes allocated.\n`,
  );
  console.log('| path | raw | SDK spans | bytes | light spans | bytes | light / SDK |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  // Slices so short that many of them are not interrupted, and that no collection of memory comes between.
  const count = Number(process.env.COUNT ?? 200);
  for (const [path, make] of Object.entries(paths)) {
    if (only !== undefined && !path.includes(only)) continue;
    const figures = {};
    for (const [name, variant] of Object.entries(variants)) {
      figures[name] = { ...(await make(variant)), times: [], bytes: Infinity };
    }
    for (let slice = -40; slice < 200; slice++) {
      for (const figure of Object.values(figures)) {
        const prepared = figure.prepare(count);
        const heap = process.memoryUsage().heapUsed;
        const started = process.hrtime.bigint();
        await figure.run(prepared);
        const took = Number(process.hrtime.bigint() - started) / 1000 / count;
        const grown = (process.memoryUsage().heapUsed - heap) / count;
        // The spans go out, so that no queue is ever full.
        await Promise.all(Object.values(tracings).map((tracing) => tracing.flush()));
        if (slice < 0) continue;
        figure.times.push(took);
        // A slice in which memory was collected tells nothing of what was allocated.
        if (grown > 0) figure.bytes = Math.min(figure.bytes, grown);
      }
    }
    const figure = (name) => {
      const times = figures[name].times.toSorted((a, b) => a - b);
      return { min: times[0], median: times[times.length >> 1], bytes: figures[name].bytes };
    };
    const [raw, sdk, light] = ['raw', 'sdk', 'light'].map(figure);
    const added = (of) => `${(of.min - raw.min).toFixed(2)} (${(of.median - raw.median).toFixed(2)})`;
    const bytes = (of) => (of.bytes - raw.bytes).toFixed(0);
    const ratio = ((light.min - raw.min) / (sdk.min - raw.min)).toFixed(2);
    console.log(
      `| ${[path, raw.min.toFixed(2), added(sdk), bytes(sdk), added(light), bytes(light), ratio].join(' | ')} |`,
    );
  }
  for (const [name, tracing] of Object.entries(tracings)) {
    const { sampled, destinations } = tracing.stats();
    if (destinations[0].exported !== sampled)
      throw new Error(`${name}: ${sampled} spans, ${destinations[0].exported} exported`);
  }
  sink.disconnect();
  process.exit();
}
