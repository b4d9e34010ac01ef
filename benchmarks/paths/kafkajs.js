// The paths of kafkajs, with the client stubbed right below the traced call.
import { EventEmitter } from 'node:events';
import { processMessage, traceKafka } from 'mqtrace/kafkajs';

const many = (count, make) => Array.from({ length: count }, make);
let offset = 0;

/** What the records of one batch of the broker share. */
const batchContext = {
  firstOffset: '0',
  firstTimestamp: '1760000000000',
  partitionLeaderEpoch: 0,
  inTransaction: false,
  isControlBatch: false,
  lastOffsetDelta: 0,
  producerId: '-1',
  producerEpoch: 0,
  firstSequence: 0,
  maxTimestamp: '1760000000000',
  timestampType: 0,
  magicByte: 2,
};

/** A message as kafkajs delivers it. */
export function received(texts) {
  const headers = {};
  for (const [name, value] of Object.entries(texts)) headers[name] = Buffer.from(value);
  return {
    magicByte: 2,
    attributes: 0,
    timestamp: '1760000000000',
    offset: String(offset++),
    key: Buffer.from('order-7'),
    value: Buffer.from('{"order":7}'),
    headers,
    isControlRecord: false,
    batchContext,
  };
}

const events = { CONNECT: 'connect', REQUEST: 'request', GROUP_JOIN: 'group_join' };
const metadata = [{ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '7' }];
const clusterId = 'q1Sh-9_ISia_zwGINzRvyQ';

/** What producers and consumers have in common: their events. */
function clientOf() {
  const emitter = new EventEmitter();
  const emit = (name, payload) => emitter.emit(events[name], { type: events[name], timestamp: Date.now(), payload });
  return {
    events,
    on(name, listener) {
      emitter.on(name, listener);
      return () => emitter.off(name, listener);
    },
    async connect() {
      emit('CONNECT');
      emit('REQUEST', { broker: 'localhost:9092', clientId: 'kafkajs', apiName: 'Metadata', duration: 1 });
    },
    join: () => emit('GROUP_JOIN', { groupId: 'billing' }),
  };
}

/** A `Kafka` with the functions that make its clients, which the auto-instrumentation patches to learn of their cluster. */
export function kafkaOf({ patch }) {
  const cluster = { brokerPool: { metadata: { clusterId } } };
  const makeProducer = patch(
    'kafkajs',
    () => {
      const send = () => Promise.resolve(metadata);
      return { ...clientOf(), send, sendBatch: send, transaction: send };
    },
    '/producer/index.js',
  );
  const makeConsumer = patch(
    'kafkajs',
    () => {
      const consumer = { ...clientOf(), run: async (config) => void (consumer.config = config) };
      return consumer;
    },
    '/consumer/index.js',
  );
  class Kafka {
    producer() {
      return makeProducer({ cluster });
    }
    consumer() {
      return makeConsumer({ cluster });
    }
    admin() {
      return { async connect() {}, describeCluster: async () => ({ clusterId }), async disconnect() {} };
    }
  }
  return new (patch('kafkajs', { Kafka }).Kafka)();
}

/** Connects a client, and waits until the tracing has learnt of its cluster. */
async function connected(client) {
  await client.connect();
  await new Promise((resolve) => setImmediate(resolve));
  return client;
}

/** The handler that kafkajs would call. */
async function handlerOf(tools, config) {
  const kafka = tools.wrap(kafkaOf(tools), traceKafka);
  const consumer = await connected(kafka.consumer({ groupId: 'billing' }));
  consumer.join();
  await consumer.run(config);
  return consumer.config;
}

/** The other properties of a handler's argument. */
const callbacks = { heartbeat: async () => {}, pause: () => () => {} };

/** Creates what is given to `send`: a number of messages. */
function recordsOf(tools, texts, batch) {
  const headers = tools.sentHeaders(texts);
  const message = () => ({ key: 'order-7', value: '{"order":7}', ...(headers && { headers: { ...headers } }) });
  return () => ({ topic: 'orders', messages: many(batch, message) });
}

export const families = {
  async 'kafkajs send'(tools) {
    const producer = await connected(tools.wrap(kafkaOf(tools), traceKafka).producer());
    return ({ batch, texts }) => ({
      sends: true,
      prepare: (count) => many(count / batch, recordsOf(tools, texts, batch)),
      async run(records) {
        for (const each of records) await producer.send(each);
      },
    });
  },

  async 'kafkajs send, new contexts'(tools) {
    const producer = await connected(tools.wrap(kafkaOf(tools), traceKafka).producer());
    return ({ texts }) => ({
      prepare(count) {
        const records = many(count, recordsOf(tools, texts, 1));
        return tools.newContexts(texts, count).map((parent, at) => ({ parent, record: records[at] }));
      },
      async run(each) {
        for (const { parent, record } of each) await tools.within(parent, () => producer.send(record));
      },
    });
  },

  async 'kafkajs eachMessage'(tools) {
    const { eachMessage } = await handlerOf(tools, { eachMessage: tools.handler(async () => {}) });
    return ({ texts }) => ({
      prepare: (count) =>
        many(count, () => ({ topic: 'orders', partition: 0, message: received(texts), ...callbacks })),
      async run(payloads) {
        for (const payload of payloads) await eachMessage(payload);
      },
    });
  },

  async 'kafkajs eachBatch, processMessage each'(tools) {
    const handle = tools.handler(async () => {});
    const process = tools.traced ? processMessage : (message, fn) => fn(message);
    const { eachBatch } = await handlerOf(tools, {
      async eachBatch({ batch }) {
        for (const message of batch.messages) await process(message, handle);
      },
    });
    return ({ batch, texts }) => ({
      prepare: (count) =>
        many(count / batch, () => ({
          batch: { topic: 'orders', partition: 0, highWatermark: '7', messages: many(batch, () => received(texts)) },
          ...callbacks,
        })),
      async run(payloads) {
        for (const payload of payloads) await eachBatch(payload);
      },
    });
  },
};
