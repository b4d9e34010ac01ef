// The paths of kafkajs, with the client stubbed right below the traced call.
import { processMessage, traceConsumer, traceProducer } from 'mqtrace/kafkajs';

const many = (count, make) => Array.from({ length: count }, make);
let offset = 0;

/** A message as kafkajs delivers it. */
export function received(texts) {
  const headers = {};
  for (const [name, value] of Object.entries(texts)) headers[name] = Buffer.from(value);
  return {
    key: Buffer.from('order-7'),
    value: Buffer.from('{"order":7}'),
    timestamp: '1760000000000',
    offset: String(offset++),
    attributes: 0,
    headers,
  };
}

export function kafkaOf({ patch }) {
  const metadata = [{ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '7' }];
  class Kafka {
    producer() {
      const send = () => Promise.resolve(metadata);
      return { send, sendBatch: send, transaction: send, on() {}, events: {} };
    }
    consumer() {
      const stub = { run: async (config) => void (stub.config = config), on() {}, events: {} };
      return stub;
    }
  }
  return new (patch('kafkajs', { Kafka }).Kafka)();
}

/** The handler that kafkajs would call. */
async function handlerOf(tools, config) {
  const stub = kafkaOf(tools).consumer();
  await tools.wrap(stub, traceConsumer).run(config);
  return stub.config;
}

export const families = {
  'kafkajs send'(tools) {
    const producer = tools.wrap(kafkaOf(tools).producer(), traceProducer);
    return ({ batch, texts }) => {
      const record = () => ({
        key: 'order-7',
        value: '{"order":7}',
        ...(tools.writesHeaders && { headers: { ...texts } }),
      });
      return {
        sends: true,
        prepare: (count) => many(count / batch, () => ({ topic: 'orders', messages: many(batch, record) })),
        async run(records) {
          for (const each of records) await producer.send(each);
        },
      };
    };
  },

  async 'kafkajs eachMessage'(tools) {
    const { eachMessage } = await handlerOf(tools, { eachMessage: async () => {} });
    return ({ texts }) => ({
      prepare: (count) => many(count, () => ({ topic: 'orders', partition: 0, message: received(texts) })),
      async run(payloads) {
        for (const payload of payloads) await eachMessage(payload);
      },
    });
  },

  async 'kafkajs eachBatch, processMessage each'(tools) {
    const process = tools.traced ? processMessage : (message, fn) => fn(message);
    const { eachBatch } = await handlerOf(tools, {
      async eachBatch({ batch }) {
        for (const message of batch.messages) await process(message, async () => {});
      },
    });
    return ({ batch, texts }) => ({
      prepare: (count) =>
        many(count / batch, () => ({
          batch: { topic: 'orders', partition: 0, messages: many(batch, () => received(texts)) },
        })),
      async run(payloads) {
        for (const payload of payloads) await eachBatch(payload);
      },
    });
  },
};
