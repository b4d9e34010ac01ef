// Three shapes of messaging on real brokers, for comparing the values of `parenting`.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { connect, type ConsumeMessage } from 'amqplib';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceKafka } from 'mqtrace/kafkajs';
import type { Tracing } from 'mqtrace/sdk';
import { uniqueName } from '../../../test-support/inputs.ts';
import { createTopics } from '../../../test-support/kafka-topics.ts';
import { type Services, startServices } from './services.ts';

/** The values that are compared. */
export const parentings = ['parent', 'auto', 'link'] as const;
/** A value of the option. */
export type Parenting = (typeof parentings)[number];

/** Where brokers and Collector are. */
export interface Addresses {
  readonly kafka: string[];
  readonly amqp: string;
  readonly collector: string;
}

/** A shape of messaging. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly services: readonly string[];
  readonly run: (addresses: Addresses, services: Services, parenting: Parenting) => Promise<void>;
}

/** Runs `fn` in the span of an HTTP request, as an application that sends messages does. */
async function request({ tracer }: Tracing, fn: () => unknown): Promise<void> {
  const span = tracer.startSpan('POST /orders', { kind: SpanKind.SERVER }, ROOT_CONTEXT);
  await context.with(trace.setSpan(ROOT_CONTEXT, span), fn);
  span.end();
}

function kafkaOf(brokers: string[], { provider }: Tracing, parenting: Parenting): Kafka {
  return traceKafka(new Kafka({ brokers, logLevel: logLevel.NOTHING }), { tracerProvider: provider, parenting });
}

/** A consumer of its own group; `run` sets it going. */
async function subscribe(kafka: Kafka, topic: string, name: string): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId: `${name}-${topic}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  return consumer;
}

async function send(kafka: Kafka, shop: Tracing, topic: string, count: number): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: count }, (_, at) => ({ value: `order ${at}` }));
  await request(shop, () => producer.send({ topic, messages }));
  await producer.disconnect();
}

const fanOut: Scenario = {
  name: 'fan-out',
  title: 'One message, three consumer groups',
  services: ['shop', 'billing', 'mail', 'audit'],
  async run({ kafka }, { of }, parenting) {
    const topic = uniqueName('orders');
    await createTopics(kafka, [topic]);
    await send(kafkaOf(kafka, of('shop'), parenting), of('shop'), topic, 1);
    const consumers = await Promise.all(
      ['billing', 'mail', 'audit'].map((name) => subscribe(kafkaOf(kafka, of(name), parenting), topic, name)),
    );
    // One after another, so that the graph's first consumer is always the same.
    for (const consumer of consumers) {
      await new Promise<void>((resolve) => {
        const eachMessage = () => sleep(20).then(resolve);
        void consumer.run({ eachMessage });
      });
    }
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
  },
};

const batch: Scenario = {
  name: 'batch',
  title: 'One send of 20 messages, one batch',
  services: ['shop', 'billing'],
  async run({ kafka }, { of }, parenting) {
    const topic = uniqueName('orders');
    await createTopics(kafka, [topic]);
    await send(kafkaOf(kafka, of('shop'), parenting), of('shop'), topic, 20);
    const consumer = await subscribe(kafkaOf(kafka, of('billing'), parenting), topic, 'billing');
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachBatch: async ({ batch: { messages } }) => {
          for (const message of messages) await processMessage(message, () => sleep(2));
          resolve();
        },
      });
    });
    await consumer.disconnect();
  },
};

const attempts = 3;

const retry: Scenario = {
  name: 'retry',
  title: 'Three attempts, then a dead letter',
  services: ['shop', 'billing', 'support'],
  async run({ amqp }, { of }, parenting) {
    const [orders, waiting, dead] = [uniqueName('orders'), uniqueName('orders.retry'), uniqueName('orders.dead')];
    const connections = await Promise.all(
      ['shop', 'billing', 'support'].map(async (name) =>
        traceConnection(await connect(amqp), { tracerProvider: of(name).provider, parenting }),
      ),
    );
    const [shop, billing, support] = await Promise.all(connections.map((connection) => connection.createChannel()));
    const to = (deadLetterRoutingKey: string) => ({ deadLetterExchange: '', deadLetterRoutingKey, expires: 60_000 });
    await billing!.assertQueue(orders, to(waiting));
    await billing!.assertQueue(waiting, { ...to(orders), messageTtl: 50 });
    await support!.assertQueue(dead, { expires: 60_000 });
    // The types of amqplib know no handler that returns a promise.
    const charge = (async (message: ConsumeMessage) => {
      await sleep(20);
      const failed = message.properties.headers?.['x-death']?.[0]?.count ?? 0;
      if (failed < attempts - 1) {
        billing!.nack(message, false, false);
        return;
      }
      billing!.sendToQueue(dead, message.content);
      billing!.ack(message);
    }) as (message: unknown) => void;
    await billing!.consume(orders, charge);
    await new Promise<void>((resolve) => {
      const look = (message: ConsumeMessage | null): void => {
        support!.ack(message!);
        resolve();
      };
      void support!
        .consume(dead, look)
        .then(() => request(of('shop'), () => shop!.sendToQueue(orders, Buffer.from('order 0'))));
    });
    await Promise.all(connections.map((connection) => connection.close()));
  },
};

/** The shapes that are compared. */
export const scenarios: readonly Scenario[] = [fanOut, batch, retry];

/** What one run has created: its traces, and its name in the service graph. */
export interface Run {
  readonly scenario: Scenario;
  readonly parenting: Parenting;
  readonly namespace: string;
  readonly traceIds: readonly string[];
}

/** Runs every shape with every value of `parenting`, one after another. */
export async function runAll(addresses: Addresses, log: (line: string) => void): Promise<Run[]> {
  const runs: Run[] = [];
  for (const scenario of scenarios) {
    for (const parenting of parentings) {
      const namespace = uniqueName(`${scenario.name}-${parenting}`);
      const services = startServices(addresses.collector, namespace, scenario.services);
      await scenario.run(addresses, services, parenting);
      await services.stop();
      runs.push({ scenario, parenting, namespace, traceIds: services.traceIds() });
      log(`${scenario.name}, ${parenting}: ${services.traceIds().length} traces`);
    }
  }
  return runs;
}
