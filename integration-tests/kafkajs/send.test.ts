import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { withBaggage } from 'mqtrace';
import { expect, it } from 'vitest';
import { failure } from '../../test-support/inputs.ts';
import { idOf, linked, recordSpans, underSpan } from '../../test-support/spans.ts';
import {
  clientId,
  headerOf,
  newProducer,
  newTopic,
  rawKafka,
  readRaw,
  serverAttributes,
  tracedKafka,
} from './clients.ts';

const common = { 'messaging.system.name': 'kafka', 'messaging.client.id': clientId };

it('one message is one PRODUCER span, whose context is sent with the baggage', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic();
  const [metadata] = await underSpan(recording, () =>
    withBaggage({ tenant: 'a b' }, () =>
      producer.send({ topic, messages: [{ key: 'k', value: 'v', headers: { own: 'h', list: ['1', '2'] } }] }),
    ),
  );
  expect(metadata).toMatchObject({ topicName: topic, partition: 0, baseOffset: '0' });

  const span = recording.span(`send ${topic}`);
  expect(span.kind).toBe(SpanKind.PRODUCER);
  expect(span.parentSpanContext?.spanId).toBe(recording.span('application').spanContext().spanId);
  expect(span.links).toStrictEqual([]);
  expect(span.status.code).toBe(SpanStatusCode.UNSET);
  expect(span.attributes).toStrictEqual({
    ...common,
    ...serverAttributes(),
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'kafka.message.key': 'k',
    'kafka.offset': 0,
  });

  const [message] = await readRaw(topic, 1);
  expect(message?.key?.toString()).toBe('k');
  expect(message?.value?.toString()).toBe('v');
  const { traceId, spanId } = span.spanContext();
  expect(message?.headers).toStrictEqual({
    own: Buffer.from('h'),
    list: [Buffer.from('1'), Buffer.from('2')],
    traceparent: Buffer.from(`00-${traceId}-${spanId}-01`),
    baggage: Buffer.from('tenant=a%20b'),
  });
});

it('several messages have a create span each, and a CLIENT span that links them', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic(2);
  const messages = [
    { key: 'a', value: '1', partition: 1 },
    { key: 'b', value: null, partition: 0 },
  ];
  await underSpan(recording, () => producer.send({ topic, messages }));

  const application = recording.span('application').spanContext();
  const creates = recording.spans().filter(({ name }) => name === `create ${topic}`);
  expect(creates.map(({ kind }) => kind)).toStrictEqual([SpanKind.PRODUCER, SpanKind.PRODUCER]);
  expect(creates.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toStrictEqual(
    creates.map(() => application.spanId),
  );
  expect(creates[1]?.attributes).toStrictEqual({
    ...common,
    ...serverAttributes(),
    'messaging.operation.name': 'create',
    'messaging.operation.type': 'create',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'kafka.message.key': 'b',
    'kafka.message.tombstone': true,
  });
  const send = recording.span(`send ${topic}`);
  expect(send.kind).toBe(SpanKind.CLIENT);
  expect(linked(send)).toStrictEqual(creates.map(idOf));
  expect(send.links[0]?.attributes).toStrictEqual({
    'kafka.message.key': 'a',
    'messaging.destination.partition.id': '1',
  });
  expect(send.attributes).toStrictEqual({
    ...common,
    ...serverAttributes(),
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
    'messaging.batch.message_count': 2,
  });

  const read = await readRaw(topic, 2);
  for (const [at, key] of ['a', 'b'].entries()) {
    const message = read.find((one) => one.key?.toString() === key);
    const { traceId, spanId } = creates[at]!.spanContext();
    expect(headerOf(message, 'traceparent')).toBe(`00-${traceId}-${spanId}-01`);
  }
});

it('sendBatch records its destination only if there is exactly one', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const [one, two] = [await newTopic(), await newTopic()];
  await producer.sendBatch({
    topicMessages: [
      { topic: one, messages: [{ value: '1' }] },
      { topic: two, messages: [{ value: '2' }, { value: '3' }] },
    ],
  });
  const send = recording.span('send');
  expect(send.attributes['messaging.destination.name']).toBeUndefined();
  expect(send.attributes['messaging.batch.message_count']).toBe(3);
  const names = recording.spans().map(({ name }) => name);
  expect(names).toStrictEqual([`create ${one}`, `create ${two}`, `create ${two}`, 'send']);
  expect(linked(send)).toStrictEqual(recording.spans().slice(0, 3).map(idOf));

  recording.clear();
  await producer.sendBatch({
    topicMessages: [
      { topic: one, messages: [{ value: '4' }] },
      { topic: one, messages: [{ value: '5' }] },
    ],
  });
  expect(recording.span(`send ${one}`).attributes['messaging.destination.name']).toBe(one);
  const values = (await readRaw(one, 3)).map(({ value }) => value?.toString());
  expect(values).toStrictEqual(['1', '4', '5']);
});

it('a send without acknowledgement records no offset', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic();
  expect(await producer.send({ topic, acks: 0, messages: [{ value: 'v' }] })).toStrictEqual([]);
  const { attributes } = recording.span(`send ${topic}`);
  expect(attributes['kafka.offset']).toBeUndefined();
  expect(attributes['messaging.destination.partition.id']).toBeUndefined();
});

it('a send that fails is recorded, and fails as with the raw client', async () => {
  const recording = recordSpans();
  const kafka = rawKafka();
  const raw = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } });
  const traced = tracedKafka(recording).producer({ allowAutoTopicCreation: false, retry: { retries: 0 } });
  const record = { topic: 'no-such-topic', messages: [{ value: 'v' }] };

  const before = await failure(() => raw.send(record));
  expect(await failure(() => traced.send(record))).toStrictEqual(before);
  await Promise.all([raw.connect(), traced.connect()]);
  try {
    const expected = await failure(() => raw.send(record));
    // How long kafkajs would have waited is random.
    const error = Object.assign((await failure(() => traced.send(record))) as object, {
      retryTime: (expected as { retryTime?: number }).retryTime,
    });
    expect(error).toStrictEqual(expected);
    const [, span] = recording.spans();
    expect(span?.status).toStrictEqual({ code: SpanStatusCode.ERROR, message: (expected as Error).message });
    // The broker is known, although it did not answer for the topic.
    expect(span?.attributes).toMatchObject({ 'error.type': 'UNKNOWN_TOPIC_OR_PARTITION', ...serverAttributes() });
  } finally {
    await Promise.all([raw.disconnect(), traced.disconnect()]);
  }
  expect(recording.open()).toStrictEqual([]);
});
