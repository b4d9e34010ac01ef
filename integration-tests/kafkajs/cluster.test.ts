// Tests the options that ask or listen to Kafka for more: the id of the cluster, and automatic commits.
import { SpanKind } from '@opentelemetry/api';
import { Kafka, logLevel } from 'kafkajs';
import { tracingFaults } from 'mqtrace';
import { traceConsumer, traceKafka, traceProducer } from 'mqtrace/kafkajs';
import { expect, it, vi } from 'vitest';
import { failure } from '../../test-support/inputs.ts';
import { recordSpans } from '../../test-support/spans.ts';
import { newConsumer, newProducer, newTopic, rawKafka, runUntilDone } from './clients.ts';

it('clusterId: Kafka is asked once, and the spans of producers and consumers have it from then on', async () => {
  const recording = recordSpans();
  const { tracerProvider } = recording;
  const admin = rawKafka().admin();
  await admin.connect();
  const { clusterId } = await admin.describeCluster();
  await admin.disconnect();
  const kafka = traceKafka(rawKafka(), { tracerProvider, clusterId: true });
  const made = vi.spyOn(kafka, 'admin');
  const topic = await newTopic();
  const producer = await newProducer(kafka);
  const consumer = await newConsumer(kafka);
  await vi.waitFor(async () => {
    recording.clear();
    await producer.send({ topic, messages: [{ value: '1' }] });
    expect(recording.span(`send ${topic}`).attributes['kafka.cluster.id']).toBe(clusterId);
  });
  await runUntilDone(consumer, topic, (done) => ({ eachMessage: async () => done() }));
  await vi.waitFor(() =>
    expect(recording.named(`process ${topic}`)[0]?.attributes['kafka.cluster.id']).toBe(clusterId),
  );
  expect(made).toHaveBeenCalledOnce();
});

it('clusterId: a given one is used; a client that never connects is not affected', async () => {
  const recording = recordSpans();
  const { tracerProvider } = recording;
  const topic = await newTopic();
  const producer = traceProducer(await newProducer(), {
    tracerProvider,
    clusterId: 'blue',
    server: { address: 'kafka' },
  });
  await producer.send({ topic, messages: [{ value: '1' }] });
  expect(recording.span(`send ${topic}`).attributes['kafka.cluster.id']).toBe('blue');

  const before = tracingFaults();
  const retry = { retries: 0 };
  const nowhere = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry });
  const traced = traceKafka(new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry }), {
    clusterId: true,
  });
  const expected = await failure(() => nowhere.producer({ retry }).connect());
  expect(String(await failure(() => traced.producer({ retry }).connect()))).toBe(String(expected));
  expect(tracingFaults()).toBe(before);
});

it('clusterId: where Kafka does not answer the question, it is a fault, and nothing else changes', async () => {
  const recording = recordSpans();
  const kafka = rawKafka();
  vi.spyOn(kafka, 'admin').mockImplementation(() => {
    throw new Error('no admin');
  });
  const before = tracingFaults();
  traceKafka(kafka, { tracerProvider: recording.tracerProvider, clusterId: true });
  const topic = await newTopic();
  const producer = await newProducer(kafka);
  await producer.send({ topic, messages: [{ value: '1' }] });
  expect(tracingFaults()).toBe(before + 1);
  expect(recording.span(`send ${topic}`).attributes['kafka.cluster.id']).toBeUndefined();
});

it('autoCommitSpans: each commit has one span, whether kafkajs or the application makes it', async () => {
  const recording = recordSpans();
  const kafka = traceKafka(rawKafka(), { tracerProvider: recording.tracerProvider, autoCommitSpans: true });
  const topic = await newTopic();
  const producer = await newProducer(kafka);
  await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] });
  const consumer = await newConsumer(kafka);
  let events = 0;
  consumer.on(consumer.events.COMMIT_OFFSETS, () => void events++);
  let handled = 0;
  await runUntilDone(consumer, topic, (done) => ({
    autoCommitThreshold: 1,
    eachMessage: async ({ message, partition }) => {
      if (++handled === 1) {
        await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
      } else done();
    },
  }));
  await vi.waitFor(() => expect(events).toBeGreaterThanOrEqual(2));
  const commits = recording.named(`commit ${topic}`);
  expect(commits).toHaveLength(events);
  const manual = commits.filter((span) => span.parentSpanContext !== undefined);
  expect(manual).toHaveLength(1);
  for (const { kind, attributes } of commits) {
    expect([kind, attributes['messaging.operation.type']]).toEqual([SpanKind.CLIENT, 'settle']);
    expect(attributes['messaging.consumer.group.name']).toBeTypeOf('string');
  }
  expect(commits.at(-1)?.attributes['kafka.offset']).toBe(1);
});

it('autoCommitSpans: a manual commit that fails leaves no mark for a later automatic one', async () => {
  const recording = recordSpans();
  const consumer = traceConsumer(await newConsumer(), {
    tracerProvider: recording.tracerProvider,
    autoCommitSpans: true,
  });
  const topic = await newTopic();
  await (await newProducer()).send({ topic, messages: [{ value: '1' }] });
  // Fails, because the consumer does not run yet.
  await failure(() => consumer.commitOffsets([{ topic, partition: 0, offset: '1' }]));
  recording.clear();
  await runUntilDone(consumer, topic, (done) => ({ autoCommitThreshold: 1, eachMessage: async () => done() }));
  await vi.waitFor(() => expect(recording.named(`commit ${topic}`)).toHaveLength(1));
});

it('wrong options are named', async () => {
  const producer = await newProducer();
  expect(String(await failure(() => traceProducer(producer, { clusterId: true })))).toMatch(
    /clusterId.*a non-empty string/,
  );
  expect(String(await failure(() => traceKafka(rawKafka(), { clusterId: '' })))).toMatch(/clusterId.*or true/);
  const wrong = { autoCommitSpans: 'yes' } as never;
  expect(String(await failure(() => traceKafka(rawKafka(), wrong)))).toMatch(/autoCommitSpans.*true or false/);
});
