// Tests that `parenting: 'auto'` gives process spans the parents and links that OpenTelemetry's newest Java agent gives them.
import { context, trace } from '@opentelemetry/api';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { processMessage, traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../test-support/otlp-receiver.ts';
import { springClassPath, underJavaAgent } from './java-agent.ts';
import { startCommand } from './peers.ts';

const brokers = inject('kafkaBrokers');
const connect = (): Kafka => new Kafka({ brokers, logLevel: logLevel.NOTHING });

/** Creation contexts. Two messages have the same one, one message has another, and one has none. */
const creations = {
  first: { traceId: 'a'.repeat(32), spanId: '1'.repeat(16) },
  second: { traceId: 'b'.repeat(32), spanId: '2'.repeat(16) },
};
const traceparent = ({ traceId, spanId }: { traceId: string; spanId: string }): string => `00-${traceId}-${spanId}-01`;
const messages = [
  { value: 'message 1', headers: { traceparent: traceparent(creations.first) } },
  { value: 'message 2', headers: { traceparent: traceparent(creations.first) } },
  { value: 'message 3', headers: { traceparent: traceparent(creations.second) } },
  { value: 'message 4' },
];

/** Ways to consume the messages, by their names in Consume.java. */
const ways = ['poll', 'poll within a span', 'listener', 'batch listener'] as const;
type Way = (typeof ways)[number];
const topics = Object.fromEntries(ways.map((way) => [way, uniqueName('parenting')])) as Record<Way, string>;

const handled = (way: Way, message: number): string => `${way}: message ${message}`;

/** What is compared of the span that processes a message. */
interface Processing {
  /** The name of the parent, which is a creation context or another span. */
  readonly parent: string | undefined;
  readonly links: readonly string[];
  /** The messages that are processed in the same span. */
  readonly messages: readonly string[];
}

/** How messages are processed, by the names of the spans in which they are handled, which are below the process spans. */
function topology(spans: readonly ReceivedSpan[]): Record<string, Processing> {
  const known = new Map<string, { name: string; traceId: string }>(spans.map((span) => [span.spanId, span]));
  for (const [name, { spanId, traceId }] of Object.entries(creations)) known.set(spanId, { name, traceId });
  const foreign = Object.values(creations).map(({ traceId }) => traceId);
  const all: Record<string, Processing> = {};
  for (const { name, parentSpanId } of spans.filter((span) => span.name.includes(': message '))) {
    const process = spans.find(({ spanId }) => spanId === parentSpanId)!;
    expect(process.kind).toBe('CONSUMER');
    const parent = known.get(process.parentSpanId ?? '');
    if (parent === undefined) expect(foreign).not.toContain(process.traceId);
    else expect(process.traceId).toBe(parent.traceId);
    all[name] = {
      parent: parent?.name,
      links: process.links.map(({ spanId }) => known.get(spanId)?.name ?? spanId),
      messages: spans.flatMap((span) => (span.parentSpanId === parentSpanId ? [span.name] : [])).toSorted(),
    };
  }
  return all;
}

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  await createTopics(brokers, Object.values(topics));
  const producer = connect().producer();
  await producer.connect();
  for (const topic of Object.values(topics)) await producer.send({ topic, messages });
  await producer.disconnect();
});
afterAll(() => receiver.close());

/** Consumes the messages, which stay in the broker, with the Java agent. */
async function inJava(settings: NodeJS.ProcessEnv): Promise<Record<string, Processing>> {
  receiver.clear();
  const args = [uniqueName('group'), String(messages.length), ...ways.map((way) => `${way}=${topics[way]}`)];
  const program = await startCommand(
    await underJavaAgent('Consume.java', args, await springClassPath(), {
      KAFKA_BROKERS: brokers.join(','),
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      ...settings,
    }),
  );
  try {
    expect(await program.ended).toBe(0);
  } finally {
    await program.stop();
  }
  return topology(receiver.spans);
}

/** Consumes the messages with kafkajs: `eachMessage` for a listener, `eachBatch` for one of batches and within a span. */
async function inNode(parenting: 'auto' | 'parent'): Promise<Record<string, Processing>> {
  receiver.clear();
  const tracing = startTracing({ export: { endpoint: receiver.url } });
  const tracer = trace.getTracer('test');
  const groupId = uniqueName('group');
  const kafka = traceKafka(connect(), { parenting });
  try {
    for (const way of ways) {
      const consumer = kafka.consumer({ groupId: `${groupId}.${way}` });
      await consumer.connect();
      await consumer.subscribe({ topic: topics[way], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        let left = messages.length;
        const handle = ({ value }: KafkaMessage): void => {
          tracer.startSpan(`${way}: ${String(value)}`).end();
          if (--left === 0) resolve();
        };
        const withinSpan = (batch: readonly KafkaMessage[]): void => {
          tracer.startActiveSpan('surrounding', { root: true }, (span) => {
            for (const message of batch) processMessage(message, handle);
            span.end();
          });
        };
        const eachMessage = ({ message }: { message: KafkaMessage }) => Promise.resolve(handle(message));
        const eachBatch = async ({ batch }: { batch: { messages: KafkaMessage[] } }): Promise<void> => {
          if (way === 'poll within a span') withinSpan(batch.messages);
          else for (const message of batch.messages) handle(message);
        };
        const run = way === 'poll' || way === 'listener' ? { eachMessage } : { eachBatch };
        consumer.run(run).catch(reject);
      });
      await consumer.disconnect();
    }
  } finally {
    await tracing.shutdown();
    trace.disable();
    context.disable();
  }
  return topology(receiver.spans);
}

test("the agent's next major version, which is a preview in this one: the parents and links of 'auto'", async () => {
  const java = await inJava({ OTEL_INSTRUMENTATION_COMMON_V3_PREVIEW: 'true' });
  expect(java[handled('poll', 1)]).toEqual({ parent: 'first', links: ['first'], messages: [handled('poll', 1)] });
  expect(java[handled('poll within a span', 3)]).toEqual({
    parent: 'surrounding',
    links: ['second'],
    messages: [handled('poll within a span', 3)],
  });
  expect(java[handled('batch listener', 4)]).toEqual({
    parent: undefined,
    links: ['first', 'first', 'second'],
    messages: [1, 2, 3, 4].map((message) => handled('batch listener', message)),
  });
  expect(await inNode('auto')).toEqual(java);
});

test("the default of this version: the parents of 'parent', without links beside a parent", async () => {
  const java = await inJava({});
  const node = await inNode('parent');
  const parents = (all: Record<string, Processing>): Record<string, string | undefined> =>
    Object.fromEntries(Object.entries(all).map(([name, { parent }]) => [name, parent]));
  // A message without a creation context, within a span: a child of it in Java, and with 'parent' a trace that links it.
  expect(parents(java)).toEqual({ ...parents(node), [handled('poll within a span', 4)]: 'surrounding' });
  expect(node[handled('poll within a span', 4)]?.links).toEqual(['surrounding']);
  for (const [name, processing] of Object.entries(java)) {
    if (name.startsWith('batch listener')) expect(processing).toEqual(node[name]);
    else expect(processing.links).toEqual([]);
  }
});
