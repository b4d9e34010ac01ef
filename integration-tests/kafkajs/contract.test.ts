import {
  type Consumer,
  Kafka,
  logLevel,
  type Message,
  type Producer,
  type ProducerBatch,
  type ProducerRecord,
} from 'kafkajs';
import { processMessage, traceKafka } from 'mqtrace/kafkajs';
import { describe, inject } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import type {
  ReceiveShape,
  SendShape,
  Session,
  WireMessage,
  WrapperSubject,
} from '../../test-support/wrapper-contract/subject.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { newTopic, rawKafka, readRaw } from './clients.ts';

const makeKafka = (): Kafka =>
  new Kafka({ clientId: 'contract', brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING });
/** The consumer group that reads each topic, by which its committed offset is looked up. */
const groups = new Map<string, string>();

const messagesOf = (bodies: readonly string[], headers?: Readonly<Record<string, string>>): Message[] =>
  bodies.map((value) => ({ value, partition: 0, ...(headers && { headers: { ...headers } }) }));

/** Of the metadata that kafkajs gives for each partition, all but topic and offset. */
const comparable = (result: unknown): unknown =>
  Array.isArray(result)
    ? result.map((one: Record<string, unknown>) => ({
        ...one,
        topicName: undefined,
        baseOffset: undefined,
        logAppendTime: undefined,
        logStartOffset: undefined,
      }))
    : result;

function sendShapes(producer: Producer, transactional: Producer): Record<string, SendShape> {
  const record = (fewest: number): Omit<SendShape, 'call'> => ({
    fewest,
    comparable,
    input: (topic, bodies, headers) => [{ topic, messages: messagesOf(bodies, headers) } satisfies ProducerRecord],
  });
  return {
    'send of one': { ...record(1), call: ([given]) => producer.send(given as ProducerRecord) },
    'send of several': { ...record(3), call: ([given]) => producer.send(given as ProducerRecord) },
    sendBatch: {
      fewest: 2,
      comparable,
      input: (topic, bodies, headers) => [
        { topicMessages: [{ topic, messages: messagesOf(bodies, headers) }] } satisfies ProducerBatch,
      ],
      call: ([given]) => producer.sendBatch(given as ProducerBatch),
    },
    'send within a transaction': {
      ...record(1),
      async call([given]) {
        const transaction = await transactional.transaction();
        const result = await transaction.send(given as ProducerRecord);
        await transaction.commit();
        return result;
      },
    },
  };
}

function receiveShapes(kafka: Kafka): Record<string, ReceiveShape> {
  const start =
    (run: (consumer: Consumer, handler: (body: string) => unknown) => Promise<void>): ReceiveShape['start'] =>
    async (topic, handler) => {
      const groupId = uniqueName('group');
      groups.set(topic, groupId);
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, retry: { initialRetryTime: 10, retries: 5 } });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await run(consumer, handler);
      return { stop: () => consumer.disconnect() };
    };
  return {
    eachMessage: {
      start: start((consumer, handler) =>
        consumer.run({
          autoCommitThreshold: 1,
          eachMessage: async ({ message }) => void (await handler(String(message.value))),
        }),
      ),
    },
    'eachBatch with processMessage': {
      start: start((consumer, handler) =>
        consumer.run({
          eachBatch: async (payload) => {
            for (const message of payload.batch.messages) {
              await processMessage(message, async () => void (await handler(String(message.value))));
              payload.resolveOffset(message.offset);
              await payload.heartbeat();
            }
          },
        }),
      ),
    },
  };
}

const subject: WrapperSubject = {
  client: 'kafkajs',
  async open(options) {
    const root = makeKafka();
    const kafka = options === undefined ? root : traceKafka(root, options);
    const createPartitioner = undefined as never;
    const producer = kafka.producer({ createPartitioner });
    const transactional = kafka.producer({
      createPartitioner,
      transactionalId: uniqueName('tx'),
      maxInFlightRequests: 1,
    });
    const consumer = kafka.consumer({ groupId: uniqueName('idle') });
    await Promise.all([producer.connect(), transactional.connect()]);
    return {
      root,
      sends: sendShapes(producer, transactional),
      receives: receiveShapes(kafka),
      newDestination: () => newTopic(),
      wrongCalls: (topic) => ({
        'no argument': () => producer.send(undefined as never),
        'no messages': () => producer.send({ topic } as never),
        'no topic': () => producer.send({ topic: '', messages: [{ value: 'v' }] }),
        'a message that is null': () => producer.send({ topic, messages: [null] } as never),
        'a message without a value': () => producer.send({ topic, messages: [{ key: 'k' }] } as never),
        'headers that are null': () => producer.send({ topic, messages: [{ value: 'v', headers: null }] } as never),
        'no batch': () => producer.sendBatch(undefined as never),
        'a batch of nothing': () => producer.sendBatch({ topicMessages: [null] } as never),
        'a consumer that runs nothing': () => consumer.commitOffsets([{ topic, partition: 0, offset: 'x' }]),
      }),
      objects: { kafka, producer, consumer },
      async close() {
        await Promise.all([producer.disconnect(), transactional.disconnect()]);
      },
    } satisfies Session;
  },
  async loadWrapper() {
    return (await import('../../src/kafkajs/index.ts')).traceKafka as (root: object, options: object) => object;
  },
  async sendRaw(topic, messages) {
    const producer = rawKafka().producer({ createPartitioner: undefined as never });
    await producer.connect();
    for (const { body, headers } of messages)
      await producer.send({ topic, messages: [{ value: body, headers: { ...headers } }] });
    await producer.disconnect();
  },
  async readWire(topic, count) {
    return (await readRaw(topic, count)).map(({ value, headers }): WireMessage => {
      const entries = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]);
      return { body: String(value), headers: Object.fromEntries(entries) as Record<string, string> };
    });
  },
  async unsettled(topic) {
    const admin = rawKafka().admin();
    await admin.connect();
    try {
      const [end] = await admin.fetchTopicOffsets(topic);
      const [group] = await admin.fetchOffsets({ groupId: groups.get(topic)!, topics: [topic] });
      // The end of a transaction is an offset of its own, which no consumer sees: the last committed may stand before it.
      const left = Number(end!.high) - Math.max(0, Number(group!.partitions[0]!.offset));
      return left <= 1 ? 0 : left;
    } finally {
      await admin.disconnect();
    }
  },
};

describe('the contract of wrappers: kafkajs', () => {
  describeWrapper(subject, {
    sends: ['send of one', 'send of several', 'sendBatch', 'send within a transaction'],
    receives: ['eachMessage', 'eachBatch with processMessage'],
  });
});
