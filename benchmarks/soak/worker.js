// Sends many messages with one variant, with the clients stubbed below the traced call, and reports the memory in use.
// fork('worker.js', [VARIANT, SINK])
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { context } from '@opentelemetry/api';
import { traceChannel } from 'mqtrace/amqplib';
import { traceRedis } from 'mqtrace/ioredis';
import { traceConsumer, traceProducer } from 'mqtrace/kafkajs';
import { answer } from '../clients/answer.js';
import { setUp, textsOf } from '../clients/set-up.js';
import { channelOf, deliveries } from '../paths/amqplib.js';
import { redisOf } from '../paths/ioredis.js';
import { kafkaOf, received } from '../paths/kafkajs.js';

const [, , variant, sink] = process.argv;
const tools = setUp(variant, sink);
const texts = textsOf(tools.percent > 0, 2);
const parent = tools.parent(texts);
const content = Buffer.from('{"order":7}');
const inParent = (fn) => (tools.tracer === 'raw' ? fn() : context.with(parent, fn));

async function heap() {
  await tools.flush();
  // Twice, with a turn of the event loop between: the second collects what callbacks of the first released.
  globalThis.gc();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Sends one message with each client to this destination. */
async function oneOfEach() {
  const producer = tools.wrap(kafkaOf(tools).producer(), traceProducer);
  const consumerStub = kafkaOf(tools).consumer();
  await tools.wrap(consumerStub, traceConsumer).run({ eachMessage: async () => {} });
  const channel = tools.wrap(channelOf(tools, 'ConfirmChannel'), traceChannel);
  const delivery = deliveries();
  await channel.consume('orders', (message) => channel.ack(message));
  let read;
  const redis = tools.wrap(
    redisOf(tools, ({ name }) => (name === 'xadd' ? '1-0' : name === 'xack' ? 1 : read)),
    traceRedis,
  );
  const fields = Object.entries(texts).flat();
  let id = 1_760_000_000_000;
  const works = [
    (topic) => inParent(() => producer.send({ topic, messages: [{ value: 'x' }] })),
    (topic) => consumerStub.config.eachMessage({ topic, partition: 0, message: received(texts) }),
    (queue) => {
      inParent(() => channel.publish('', queue, content, {}));
      channel.confirm();
    },
    (queue) => {
      const message = delivery(texts);
      message.fields.routingKey = queue;
      channel.handler(message);
    },
    (stream) => inParent(() => redis.xadd(stream, '*', 'order', '7')),
    async (stream) => {
      read = [[stream, [[`${id++}-0`, ['order', '7', ...fields]]]]];
      const [[, [[entry]]]] = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
      await redis.xack(stream, 'g', entry);
    },
  ];
  return async (at, destination) => {
    await works[at % works.length](destination);
  };
}

const kept = [];
const unfinished = {
  async 'unsettled AMQP deliveries'(count) {
    const channel = tools.wrap(channelOf(tools, 'Channel'), traceChannel);
    await channel.consume('orders', () => {});
    const delivery = deliveries();
    const messages = Array.from({ length: count }, () => delivery(texts));
    kept.push(channel, messages);
    return () => {
      for (const message of messages) channel.handler(message);
      return () => channel.ack(messages.at(-1), true);
    };
  },

  async 'unconfirmed publishes'(count) {
    const channel = tools.wrap(channelOf(tools, 'ConfirmChannel'), traceChannel);
    kept.push(channel);
    return () => {
      inParent(() => {
        for (let at = 0; at < count; at++) channel.publish('', 'orders', content, {});
      });
      return () => channel.confirm();
    };
  },

  async 'unanswered XADDs'(count) {
    const commands = [];
    const redis = tools.wrap(
      redisOf(tools, (command) => void commands.push(command)),
      traceRedis,
    );
    kept.push(redis);
    return () => {
      inParent(() => {
        for (let at = 0; at < count; at++) void redis.xadd('orders', '*', 'order', '7');
      });
      return () => {
        for (const command of commands.splice(0)) command.resolve('1-0');
      };
    };
  },
};

answer({
  /** The heap in use at a number of points of a run, whose messages go to a number of destinations. */
  async flat(count, destinations, points) {
    const one = await oneOfEach();
    const heaps = [];
    for (let at = 0; at < count; at++) {
      await one(at, `orders-${Math.floor((at * destinations) / count)}`);
      if (tools.percent > 0 && at % 2000 === 0) await tools.flush();
      if ((at + 1) % Math.floor(count / points) === 0) heaps.push(await heap());
    }
    return heaps;
  },

  /**
   * The heap in bytes for each of a number of unfinished messages, and the milliseconds that finishing all of them at
   * once blocks.
   */
  async unfinished(kind, count) {
    const start = await unfinished[kind](count);
    const before = await heap();
    const finish = start();
    const bytes = ((await heap()) - before) / count;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = process.hrtime.bigint();
    finish();
    const blocked = Number(process.hrtime.bigint() - started) / 1e6;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await tools.flush();
    delay.disable();
    kept.length = 0;
    return { bytes, blocked, longest: delay.max / 1e6 };
  },
});
