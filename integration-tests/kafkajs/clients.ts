import { type Consumer, type ConsumerRunConfig, Kafka, type KafkaMessage, logLevel, type Producer } from 'kafkajs';
import { getBaggage } from 'mqtrace';
import { type TraceKafkaOptions, traceKafka } from 'mqtrace/kafkajs';
import { inject, onTestFinished } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import type { Recording } from '../../test-support/spans.ts';

/** The `clientId` of all clients of these suites. */
export const clientId = 'mqtrace-test';

/** An untraced client. */
export function rawKafka(): Kafka {
  return new Kafka({ clientId, brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING });
}

/** A traced client. */
export function tracedKafka({ tracerProvider }: Recording, options: TraceKafkaOptions = {}): Kafka {
  return traceKafka(rawKafka(), { tracerProvider, ...options });
}

/** The broker's address, as recorded on spans. */
export function serverAttributes(): Record<string, unknown> {
  const [address = '', port] = (inject('kafkaBrokers')[0] ?? '').split(':');
  return { 'server.address': address, 'server.port': Number(port) };
}

/** The broker's address in the names of spans without a destination. */
export function serverName(): string {
  return Object.values(serverAttributes()).join(':');
}

/** Creates a topic with a unique name. */
export async function newTopic(numPartitions = 1): Promise<string> {
  const admin = rawKafka().admin();
  const topic = uniqueName('topic');
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

/** Connects a producer or consumer; it is disconnected at the end of the test. */
export async function connected<C extends Producer | Consumer>(client: C): Promise<C> {
  await client.connect();
  onTestFinished(() => client.disconnect());
  return client;
}

/** A connected producer. */
export function newProducer(kafka: Kafka = rawKafka()): Promise<Producer> {
  return connected(kafka.producer({ createPartitioner: undefined as never }));
}

/** A connected consumer in a new group. */
export function newConsumer(kafka: Kafka = rawKafka(), groupId: string = uniqueName('group')): Promise<Consumer> {
  return connected(kafka.consumer({ groupId, maxWaitTimeInMs: 100, retry: { initialRetryTime: 10, retries: 5 } }));
}

/** Runs a consumer from the beginning of a topic until `done` is called; resolves when it has left and its handlers have ended. */
export async function runUntilDone(
  consumer: Consumer,
  topic: string,
  config: (done: () => void) => ConsumerRunConfig,
): Promise<void> {
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run(config(resolve)).catch(reject);
  });
  await consumer.disconnect();
}

/** The first messages of a topic, as a consumer without mqtrace reads them. */
export async function readRaw(topic: string, count: number): Promise<KafkaMessage[]> {
  const messages: KafkaMessage[] = [];
  await runUntilDone(await newConsumer(), topic, (done) => ({
    eachMessage: async ({ message }): Promise<void> => {
      if (messages.push(message) === count) done();
    },
  }));
  return messages;
}

/** A header as text. */
export function headerOf(message: KafkaMessage | undefined, name: string): string | undefined {
  const value = message?.headers?.[name];
  return Array.isArray(value) ? value.map(String).join('|') : value?.toString();
}

/** The active baggage, as plain entries. */
export function baggageEntries(): Record<string, string> {
  return Object.fromEntries(
    getBaggage()
      .getAllEntries()
      .map(([key, { value }]) => [key, value]),
  );
}
