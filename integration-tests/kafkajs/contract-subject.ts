// Describes kafkajs to the wrapper contract.
import { connect, type Socket } from 'node:net';
import {
  type Consumer,
  type ConsumerRunConfig,
  Kafka,
  type KafkaMessage,
  logLevel,
  type Message,
  type Producer,
  type ProducerBatch,
  type ProducerRecord,
} from 'kafkajs';
import { processMessage, traceConsumer, type TraceKafkaOptions, traceKafka, traceProducer } from 'mqtrace/kafkajs';
import { inject } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import type {
  ContractOptions,
  Observer,
  ReceiveShape,
  SendShape,
  Session,
  SettleShape,
  ShapeNames,
  WireMessage,
  WrapperSubject,
} from '../../test-support/wrapper-contract/subject.ts';
import type { Make, WayToTrace } from '../../test-support/wrapper-contract/ways.ts';
import { newTopic, rawKafka, readRaw } from './clients.ts';
import { processMessageCalls } from '../../test-support/wrapper-contract/process-message-calls.ts';

/** The consumer group of each topic, whose committed offset shows what is settled. */
const groups = new Map<string, string>();
const retry = { initialRetryTime: 10, retries: 5 };
const createPartitioner = undefined as never;

/** The clients of one session. */
class KafkaSession implements Session {
  readonly root: Kafka;
  readonly objects: Session['objects'];
  readonly #kafka: Kafka;
  readonly #sockets: Socket[] = [];
  readonly #producer: Producer;
  readonly #transactional: Producer;
  readonly #consumers: Consumer[] = [];
  readonly #isTraced: boolean;
  readonly #make: Make;

  constructor({ wrap, make }: WayToTrace, options: ContractOptions | undefined) {
    this.#isTraced = options !== undefined;
    this.#make = options === undefined ? (client) => client() : (client) => make(options, client);
    this.root = new Kafka({
      clientId: 'contract',
      brokers: inject('kafkaBrokers'),
      logLevel: logLevel.NOTHING,
      retry,
      socketFactory: ({ host, port, onConnect }) => {
        const socket = connect({ host, port }, onConnect);
        this.#sockets.push(socket);
        return socket;
      },
    });
    const kafka = options === undefined ? this.root : wrap(this.root, options, traceKafka);
    this.#kafka = kafka;
    this.#producer = this.#make(() => kafka.producer({ createPartitioner }));
    const transactionalId = uniqueName('tx');
    this.#transactional = this.#make(() =>
      kafka.producer({ createPartitioner, transactionalId, maxInFlightRequests: 1 }),
    );
    const consumer = this.#make(() => kafka.consumer({ groupId: uniqueName('idle') }));
    this.objects = { kafka: this.#kafka, producer: this.#producer, consumer };
  }

  async connect(): Promise<this> {
    await Promise.all([this.#producer.connect(), this.#transactional.connect()]);
    return this;
  }

  get sends(): Record<string, SendShape> {
    const input: SendShape['input'] = (topic, bodies, headers) => [
      { topic, messages: messagesOf(bodies, headers) } satisfies ProducerRecord,
    ];
    const send: SendShape['call'] = ([given]) => this.#producer.send(given as ProducerRecord);
    return {
      'send of one': { messagesPerCall: 1, input, call: send },
      'send of several': { messagesPerCall: 3, input, call: send },
      sendBatch: {
        messagesPerCall: 2,
        input: (topic, bodies, headers) => [
          { topicMessages: [{ topic, messages: messagesOf(bodies, headers) }] } satisfies ProducerBatch,
        ],
        call: ([given]) => this.#producer.sendBatch(given as ProducerBatch),
      },
      'send within a transaction': {
        messagesPerCall: 1,
        input,
        call: async ([given]) => {
          const transaction = await this.#transactional.transaction();
          const result = await transaction.send(given as ProducerRecord);
          await transaction.commit();
          return result;
        },
      },
    };
  }

  get receives(): Record<string, ReceiveShape> {
    const receive = (
      run: (consumer: Consumer, handler: (body: string) => unknown) => ConsumerRunConfig,
    ): ReceiveShape => ({
      awaitsHandler: true,
      onThrow: 'handled again',
      onReject: 'handled again',
      start: async (topic, handler) => {
        const consumer = await this.#consumer(topic);
        const errors: string[] = [];
        consumer.on(consumer.events.CRASH, ({ payload }) => errors.push(String(payload.error)));
        await consumer.run(run(consumer, handler));
        return { errors, stop: () => consumer.disconnect() };
      },
    });
    return {
      eachMessage: receive((_, handler) => ({
        autoCommitThreshold: 1,
        // Not an async function: kafkajs gets what the handler throws synchronously.
        eachMessage: ({ message }) => handler(String(message.value)) as Promise<void>,
      })),
      'eachMessage with commitOffsets': receive((consumer, handler) => ({
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          await handler(String(message.value));
          await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
        },
      })),
      'eachBatch with processMessage': receive((_, handler) => ({
        eachBatch: async (payload) => {
          for (const message of payload.batch.messages) {
            await processMessage(message, async () => void (await handler(String(message.value))));
            payload.resolveOffset(message.offset);
            await payload.heartbeat();
          }
        },
      })),
    };
  }

  get settles(): Record<string, SettleShape> {
    return {
      commitOffsets: {
        isSynchronous: false,
        prepare: async (topic) => {
          const consumer = await this.#consumer(topic);
          await new Promise<void>((received, failed) => {
            const eachMessage = async (): Promise<void> => received();
            consumer.run({ autoCommit: false, eachMessage }).catch(failed);
          });
          const call = (): unknown => consumer.commitOffsets([{ topic, partition: 0, offset: '1' }]);
          return { call, end: () => consumer.disconnect() };
        },
      },
      'sendOffsets and commit': {
        isSynchronous: false,
        prepare: async (topic) => {
          const consumerGroupId = uniqueName('group');
          groups.set(topic, consumerGroupId);
          const transaction = await this.#transactional.transaction();
          const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }];
          const call = (): unknown =>
            transaction.sendOffsets({ consumerGroupId, topics }).then(() => transaction.commit());
          return { call, end: async () => {} };
        },
      },
    };
  }

  invalidCalls(topic: string): Record<string, () => unknown> {
    const producer = this.#producer;
    const messages = [{ value: 'v' }];
    const consumer = this.objects['consumer'] as Consumer;
    return {
      'no argument': () => producer.send(undefined as never),
      'no messages': () => producer.send({ topic } as never),
      'no topic': () => producer.send({ topic: '', messages }),
      'a message that is null': () => producer.send({ topic, messages: [null] } as never),
      'a message without a value': () => producer.send({ topic, messages: [{ key: 'k' }] } as never),
      'headers that are null': () => producer.send({ topic, messages: [{ value: 'v', headers: null }] } as never),
      'no batch': () => producer.sendBatch(undefined as never),
      'a batch of nothing': () => producer.sendBatch({ topicMessages: [null] } as never),
      'a transaction of a producer without an id': () => producer.transaction(),
      'a commit by a consumer that does not run': () => consumer.commitOffsets([{ topic, partition: 0, offset: 'x' }]),
    };
  }

  furtherCalls(topic: string): Record<string, () => unknown> {
    const record = { topic, messages: [{ value: '1', headers: Object.freeze({ own: 'x' }) }] };
    const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }];
    const message = { value: null, headers: {}, offset: '0' } as unknown as KafkaMessage;
    const process = <R>(fn: () => R): R => (this.#isTraced ? processMessage(message, fn) : fn());
    const transaction = (end: 'commit' | 'abort') => async (): Promise<unknown> => {
      const begun = await this.#transactional.transaction();
      const results: unknown[] = [await begun.send(record), await begun.sendBatch({ topicMessages: [record] })];
      results.push(await begun.send({ topic, messages: [{}] as never }).catch(String));
      results.push(await begun.sendOffsets({ consumerGroupId: 'contract', topics }));
      results.push(await begun[end](), begun.isActive());
      return [...results, await begun[end]().catch(String), await begun.send(record).catch(String)];
    };
    return {
      'a transaction that is committed': transaction('commit'),
      'a transaction that is aborted': transaction('abort'),
      'no messages': () => this.#producer.send({ topic, messages: [] }),
      'an empty batch': () => this.#producer.sendBatch({}),
      'a message without a value': () => this.#producer.send({ topic, messages: [{}] as never }),
      ...processMessageCalls(process, RangeError),
    };
  }

  async wrapLate(options: ContractOptions): Promise<void> {
    traceKafka(this.root, options as TraceKafkaOptions);
    traceProducer(this.#producer, options as TraceKafkaOptions);
    for (const consumer of this.#consumers) traceConsumer(consumer, options as TraceKafkaOptions);
  }

  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy(new Error('read ECONNRESET'));
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer, this.#transactional, ...this.#consumers].map((client) => client.disconnect()));
  }

  async #consumer(topic: string): Promise<Consumer> {
    const groupId = uniqueName('group');
    groups.set(topic, groupId);
    const consumer = this.#make(() => this.#kafka.consumer({ groupId, maxWaitTimeInMs: 50, retry }));
    this.#consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return consumer;
  }
}

function messagesOf(bodies: readonly string[], headers?: Readonly<Record<string, string>>): Message[] {
  return bodies.map((value) => ({ value, partition: 0, ...(headers && { headers }) }));
}

async function observe(): Promise<Observer> {
  const [admin, producer] = [rawKafka().admin(), rawKafka().producer({ createPartitioner })];
  await Promise.all([admin.connect(), producer.connect()]);
  return {
    newDestination: () => newTopic(),
    async send(topic, messages) {
      for (const { body, headers } of messages) {
        await producer.send({ topic, messages: [{ value: body, headers: { ...headers } }] });
      }
    },
    read: async (topic, count) =>
      (await readRaw(topic, count)).map(({ value, headers }): WireMessage => {
        const entries = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)]);
        return { body: String(value), headers: Object.fromEntries(entries) as Record<string, string> };
      }),
    async unsettled(topic) {
      const [end] = await admin.fetchTopicOffsets(topic);
      const [group] = await admin.fetchOffsets({ groupId: groups.get(topic)!, topics: [topic] });
      // The end of a transaction takes an offset that no consumer sees: the committed offset may be one lower.
      const left = Number(end!.high) - Math.max(0, Number(group!.partitions[0]!.offset));
      return left <= 1 ? 0 : left;
    },
    async close() {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
}

const volatileNames = new Set(['topicName', 'baseOffset', 'logAppendTime', 'logStartOffset']);

/** The subject, its clients traced in one way. */
export const kafkaSubject = (way: WayToTrace): WrapperSubject => ({
  late: { warning: /after run\(\).*Trace it before/, sends: true, receives: false },
  open: (options) => new KafkaSession(way, options).connect(),
  observe,
  loadWrapper: async () => (await import('../../src/kafkajs/index.ts')).traceKafka as never,
  normalize: (result) =>
    result === undefined
      ? undefined
      : JSON.parse(JSON.stringify(result, (key, value: unknown) => (volatileNames.has(key) ? 'ANY' : value))),
});

export const kafkaShapes: ShapeNames = {
  sends: ['send of one', 'send of several', 'sendBatch', 'send within a transaction'],
  receives: ['eachMessage', 'eachMessage with commitOffsets', 'eachBatch with processMessage'],
  settles: ['commitOffsets', 'sendOffsets and commit'],
};
