import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { traceConsumer, traceProducer } from 'mqtrace/kafkajs';
import { expect, it } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { recordSpans } from '../../test-support/spans.ts';
import { tolerateProblems } from '../../test-support/conventions/watch.ts';
import {
  clientId,
  newConsumer,
  newProducer,
  newTopic,
  rawKafka,
  runUntilDone,
  serverAttributes,
  tracedKafka,
} from './clients.ts';

it('commitOffsets creates a child span of the handler’s span', async () => {
  const recording = recordSpans();
  const topic = await newTopic();
  const groupId = uniqueName('group');
  const kafka = tracedKafka(recording);
  const producer = await newProducer(kafka);
  await producer.send({ topic, messages: [{ value: 'v' }] });
  const consumer = await newConsumer(kafka, groupId);
  await runUntilDone(consumer, topic, (done) => ({
    autoCommit: false,
    eachMessage: async ({ message, partition }): Promise<void> => {
      await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
      done();
    },
  }));
  const process = recording.span(`process ${topic}`);
  const commit = recording.span(`commit ${topic}`);
  expect(commit.kind).toBe(SpanKind.CLIENT);
  expect(commit.spanContext().traceId).toBe(recording.span(`send ${topic}`).spanContext().traceId);
  expect(commit.parentSpanContext?.spanId).toBe(process.spanContext().spanId);
  expect(commit.attributes).toStrictEqual({
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'commit',
    'messaging.operation.type': 'settle',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'messaging.consumer.group.name': groupId,
    'messaging.client.id': clientId,
    'kafka.offset': process.attributes['kafka.offset'],
    ...serverAttributes(),
  });
  const admin = rawKafka().admin();
  await admin.connect();
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  expect(offsets?.partitions[0]?.offset).toBe('1');
});

it('a commit that kafkajs rejects is recorded, and the application gets the same error', async () => {
  const recording = recordSpans();
  const [raw, traced] = [await newConsumer(), await newConsumer(tracedKafka(recording))];
  for (const given of [
    undefined,
    null,
    5,
    [{ topic: 't', partition: 0, offset: '-1' }],
    [{ topic: '' }],
    [null],
  ] as never[]) {
    const expected = await failure(() => raw.commitOffsets(given));
    expect(String(await failure(() => traced.commitOffsets(given)))).toBe(String(expected));
  }
  expect(recording.open()).toStrictEqual([]);
  expect(recording.spans().map(({ status }) => status.code)).toStrictEqual(Array(6).fill(SpanStatusCode.ERROR));
});

it('commits of several partitions record only the topic, those of several topics no destination', async () => {
  const recording = recordSpans();
  const [consumer, topic, other] = [await newConsumer(tracedKafka(recording)), await newTopic(2), await newTopic()];
  const producer = await newProducer();
  await producer.send({ topic, messages: [{ value: 'v' }] });
  const position = { partition: 0, offset: '0' };
  await consumer.subscribe({ topic: other });
  await runUntilDone(consumer, topic, (done) => ({
    eachMessage: async (): Promise<void> => {
      await consumer.commitOffsets([
        { ...position, topic },
        { ...position, topic, partition: 1 },
      ]);
      await consumer.commitOffsets([
        { ...position, topic },
        { ...position, topic: other },
      ]);
      done();
    },
  }));
  const { attributes } = recording.span(`commit ${topic}`);
  expect(attributes['messaging.destination.partition.id']).toBeUndefined();
  expect(recording.span('commit').attributes['messaging.destination.name']).toBeUndefined();
});

it('separately wrapped producers and consumers get client id, group and server from events', async () => {
  tolerateProblems(/server\.(address|port) must be set when the span starts/);
  const recording = recordSpans();
  const { tracerProvider } = recording;
  const topic = await newTopic();
  const groupId = uniqueName('group');
  const producer = traceProducer(await newProducer(), { tracerProvider });
  await producer.send({ topic, messages: [{ value: '1' }] });
  await producer.send({ topic, messages: [{ value: '2' }] });
  const [first, second] = recording.spans();
  expect(first?.attributes).toMatchObject(serverAttributes());
  expect(second?.attributes).toMatchObject({ 'messaging.client.id': clientId, ...serverAttributes() });

  const consumer = traceConsumer(await newConsumer(rawKafka(), groupId), { tracerProvider });
  let count = 0;
  await runUntilDone(consumer, topic, (done) => ({
    eachMessage: async (): Promise<void> => {
      if (++count === 2) done();
    },
  }));
  for (const span of recording.spans().slice(2)) {
    expect(span.attributes).toMatchObject({
      'messaging.client.id': clientId,
      'messaging.consumer.group.name': groupId,
      ...serverAttributes(),
    });
  }
});

it('options take precedence over events', async () => {
  const recording = recordSpans();
  const { tracerProvider } = recording;
  const topic = await newTopic();
  const server = { address: 'kafka.example', port: 9092 };
  const producer = traceProducer(await newProducer(), { tracerProvider, clientId: 'mine', server });
  await producer.send({ topic, messages: [{ value: '1' }] });
  expect(recording.span(`send ${topic}`).attributes).toMatchObject({
    'messaging.client.id': 'mine',
    'server.address': 'kafka.example',
    'server.port': 9092,
  });
});

it('a consumer or producer that disconnects during work leaves no span open', async () => {
  const recording = recordSpans();
  const kafka = tracedKafka(recording);
  const topic = await newTopic();
  const producer = await newProducer(kafka);
  await producer.send({ topic, messages: [{ value: '1' }] });
  const consumer = await newConsumer(kafka);
  await consumer.subscribe({ topic, fromBeginning: true });
  let left: Promise<void> | undefined;
  await new Promise<void>((begun) => {
    void consumer.run({
      eachMessage: async (): Promise<void> => {
        left = consumer.disconnect();
        begun();
        await new Promise(setImmediate);
      },
    });
  });
  expect(recording.open()).toStrictEqual([`process ${topic}`]);
  await left;
  expect(recording.open()).toStrictEqual([]);

  const sending = Promise.allSettled([
    producer.send({ topic, messages: [{ value: '2' }] }),
    producer.send({ topic, messages: [{ value: '3' }, { value: '4' }] }),
  ]);
  await producer.disconnect();
  await sending;
  expect(recording.open()).toStrictEqual([]);
});
