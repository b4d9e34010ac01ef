import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type Kafka, type Producer } from 'kafkajs';
import { expect, it } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, recordSpans, underSpan } from '../../test-support/spans.ts';
import {
  connected,
  headerOf,
  newProducer,
  newTopic,
  rawKafka,
  readRaw,
  serverAttributes,
  serverName,
  tracedKafka,
} from './clients.ts';

function transactional(kafka: Kafka): Promise<Producer> {
  return connected(kafka.producer({ transactionalId: uniqueName('tx'), idempotent: true, maxInFlightRequests: 1 }));
}

it('every call of a transaction is a separate operation', async () => {
  const recording = recordSpans();
  const producer = await transactional(tracedKafka(recording));
  const [topic, other, group] = [await newTopic(), await newTopic(), uniqueName('group')];
  await underSpan(recording, async () => {
    const transaction = await producer.transaction();
    expect(transaction.isActive()).toBe(true);
    const [sent] = await transaction.send({ topic, messages: [{ key: 'k', value: 'v' }] });
    expect(sent).toMatchObject({ partition: 0, baseOffset: '0' });
    await transaction.sendBatch({
      topicMessages: [
        { topic, messages: [{ value: '1' }] },
        { topic: other, messages: [{ value: '2' }] },
      ],
    });
    await transaction.sendOffsets({
      consumerGroupId: group,
      topics: [{ topic, partitions: [{ partition: 0, offset: '5' }] }],
    });
    await transaction.commit();
    expect(transaction.isActive()).toBe(false);
  });

  const application = recording.span('application').spanContext().spanId;
  const names = ['send', `send ${topic}`, `sendOffsets ${topic}`, `commit ${serverName()}`];
  for (const name of names) expect(recording.span(name).parentSpanContext?.spanId).toBe(application);
  expect(recording.spans()).toHaveLength(names.length + 3);

  const sendOffsets = recording.span(`sendOffsets ${topic}`);
  expect(sendOffsets.kind).toBe(SpanKind.CLIENT);
  const { 'messaging.client.id': clientId, ...attributes } = sendOffsets.attributes;
  expect(clientId).toBe('mqtrace-test');
  expect(attributes).toStrictEqual({
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'sendOffsets',
    'messaging.operation.type': 'settle',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'messaging.consumer.group.name': group,
    'kafka.offset': 4,
    ...serverAttributes(),
  });
  const commit = recording.span(`commit ${serverName()}`);
  expect(commit.kind).toBe(SpanKind.CLIENT);
  expect(commit.attributes['messaging.consumer.group.name']).toBe(group);
  expect(linked(recording.span('send'))).toStrictEqual([
    idOf(recording.spans().find(({ name }) => name === `create ${topic}`)!),
    idOf(recording.span(`create ${other}`)),
  ]);

  const admin = rawKafka().admin();
  await admin.connect();
  const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  await admin.disconnect();
  expect(offsets?.partitions[0]?.offset).toBe('5');
  const { traceId, spanId } = recording.span(`send ${topic}`).spanContext();
  expect(headerOf((await readRaw(topic, 2))[0], 'traceparent')).toBe(`00-${traceId}-${spanId}-01`);
});

it('an aborted transaction has its spans, and an abandoned one leaves no span open', async () => {
  const recording = recordSpans();
  const producer = await transactional(tracedKafka(recording));
  const topic = await newTopic();
  const aborted = await producer.transaction();
  await aborted.send({ topic, messages: [{ value: 'aborted' }] });
  await aborted.abort();
  expect(recording.span(`abort ${serverName()}`).status.code).toBe(SpanStatusCode.UNSET);
  expect(recording.span(`abort ${serverName()}`).attributes['messaging.consumer.group.name']).toBeUndefined();

  const abandoned = await producer.transaction();
  await abandoned.send({ topic, messages: [{ value: 'abandoned' }] });
  expect(recording.open()).toStrictEqual([]);
  await abandoned.abort();

  const plain = await newProducer();
  await plain.send({ topic, messages: [{ value: 'kept' }] });
  expect((await readRaw(topic, 1))[0]?.value?.toString()).toBe('kept');
});

it('a transaction rejects invalid calls as with the raw client', async () => {
  const recording = recordSpans();
  const [raw, traced] = [await transactional(rawKafka()), await transactional(tracedKafka(recording))];
  const outcomes: unknown[][] = [];
  for (const producer of [raw, traced]) {
    const transaction = await producer.transaction();
    const errors = [
      await failure(() => producer.transaction()),
      await failure(() => transaction.send({ topic: 'x' } as never)),
      await failure(() => transaction.sendOffsets({ consumerGroupId: '', topics: [] })),
      await failure(() => transaction.sendOffsets({ consumerGroupId: 'g' } as never)),
    ];
    await transaction.abort();
    errors.push(
      await failure(() => transaction.commit()),
      await failure(() => transaction.send({ topic: 'x', messages: [{ value: 'v' }] })),
    );
    outcomes.push([Object.keys(transaction), ...errors.map(String)]);
  }
  expect(outcomes[1]).toStrictEqual(outcomes[0]);
  expect(recording.span(`commit ${serverName()}`).status.code).toBe(SpanStatusCode.ERROR);
  const plain = [await failure(async () => (await newProducer()).transaction())];
  plain.push(await failure(async () => (await newProducer(tracedKafka(recording))).transaction()));
  expect(plain[1]).toStrictEqual(plain[0]);
});
