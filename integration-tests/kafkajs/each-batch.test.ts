import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { setImmediate } from 'node:timers/promises';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { withBaggage } from 'mqtrace';
import { processMessage } from 'mqtrace/kafkajs';
import { expect, it } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, recordSpans } from '../../test-support/spans.ts';
import {
  baggageEntries,
  clientId,
  newConsumer,
  newProducer,
  newTopic,
  rawKafka,
  readRaw,
  runUntilDone,
  serverAttributes,
  tracedKafka,
} from './clients.ts';

it('a batch is one span with a link to each message; no baggage is active in it', async () => {
  const recording = recordSpans();
  const kafka = tracedKafka(recording);
  const topic = await newTopic();
  const groupId = uniqueName('group');
  const raw = await newProducer();
  await raw.send({ topic, messages: [{ key: 'untraced', value: '0' }] });
  const producer = await newProducer(kafka);
  await withBaggage({ tenant: 'a' }, () =>
    producer.send({
      topic,
      messages: [
        { key: 'k', value: '1' },
        { key: Buffer.from([0xff]), value: null },
      ],
    }),
  );
  const seen: unknown[] = [];
  await runUntilDone(await newConsumer(kafka, groupId), topic, (done) => ({
    eachBatch: async (payload): Promise<void> => {
      const { batch, ...rest } = payload;
      seen.push(
        batch.messages.length,
        Object.keys(rest),
        baggageEntries(),
        trace.getActiveSpan()?.spanContext().spanId,
      );
      done();
    },
  }));
  const span = recording.span(`process ${topic}`);
  expect(seen).toStrictEqual([
    3,
    ['resolveOffset', 'heartbeat', 'pause', 'commitOffsetsIfNecessary', 'uncommittedOffsets', 'isRunning', 'isStale'],
    {},
    span.spanContext().spanId,
  ]);
  expect(span.kind).toBe(SpanKind.CONSUMER);
  expect(span.parentSpanContext).toBeUndefined();
  const creates = recording.spans().filter(({ name }) => name === `create ${topic}`);
  expect(linked(span)).toStrictEqual(creates.map(idOf));
  expect(span.links.map(({ attributes }) => attributes)).toStrictEqual([
    { 'kafka.message.key': 'k', 'kafka.offset': 1 },
    { 'kafka.message.tombstone': true, 'kafka.offset': 2 },
  ]);
  expect(span.attributes).toStrictEqual({
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': '0',
    'messaging.batch.message_count': 3,
    'messaging.consumer.group.name': groupId,
    'messaging.client.id': clientId,
    ...serverAttributes(),
  });
  expect(recording.open()).toStrictEqual([]);
});

it('in a batch, processMessage gives each message its own span, time and baggage', async () => {
  const recording = recordSpans();
  const kafka = tracedKafka(recording);
  const topic = await newTopic();
  const producer = await newProducer(kafka);
  for (const tenant of ['a', 'b']) {
    await withBaggage({ tenant }, () => producer.send({ topic, messages: [{ key: tenant, value: 'v' }] }));
  }
  const results: unknown[] = [];
  const endedBefore: number[] = [];
  const isBatch = ({ attributes }: ReadableSpan): boolean => 'messaging.batch.message_count' in attributes;
  const ofMessages = (): ReadableSpan[] =>
    recording.spans().filter((span) => span.name === `process ${topic}` && !isBatch(span));
  await runUntilDone(await newConsumer(kafka), topic, (done) => ({
    eachBatch: async ({ batch }): Promise<void> => {
      for (const message of batch.messages) {
        const result = await processMessage(message, async () => {
          const entries = baggageEntries();
          await setImmediate();
          endedBefore.push(ofMessages().length);
          return { entries, sameAfterAwait: baggageEntries() };
        });
        results.push(result, baggageEntries());
      }
      if (results.length === 4) done();
    },
  }));
  expect(results).toStrictEqual([
    { entries: { tenant: 'a' }, sameAfterAwait: { tenant: 'a' } },
    {},
    { entries: { tenant: 'b' }, sameAfterAwait: { tenant: 'b' } },
    {},
  ]);
  expect(endedBefore).toStrictEqual([0, 1]);
  const batches = recording.spans().filter((span) => span.name === `process ${topic}` && isBatch(span));
  const [first, second] = ofMessages();
  const sends = recording.spans().filter(({ name }) => name === `send ${topic}`);
  for (const [at, span] of [first!, second!].entries()) {
    const batch = batches.find((one) => linked(one).includes(idOf(sends[at]!)))!;
    expect(span.parentSpanContext?.spanId).toBe(sends[at]?.spanContext().spanId);
    expect(linked(span)).toStrictEqual([idOf(sends[at]!), idOf(batch)]);
    expect(span.attributes['kafka.offset']).toBe(at);
    expect(span.attributes['kafka.message.key']).toBe('ab'[at]);
    expect(span.attributes['messaging.destination.partition.id']).toBe('0');
    expect(span.attributes['messaging.batch.message_count']).toBeUndefined();
  }
});

it('processMessage passes on results and failures, and accepts messages of any consumer', async () => {
  const recording = recordSpans();
  const topic = await newTopic();
  const producer = await newProducer(tracedKafka(recording));
  await withBaggage({ tenant: 'a' }, () => producer.send({ topic, messages: [{ value: 'v' }] }));
  const [message] = await readRaw(topic, 1);
  expect(processMessage(message!, baggageEntries)).toStrictEqual({ tenant: 'a' });
  expect(await processMessage(message!, async () => baggageEntries())).toStrictEqual({ tenant: 'a' });
  expect(processMessage({ value: 'no headers' }, () => 1)).toBe(1);
  expect(processMessage(null as never, () => 1)).toBe(1);
  const error = new Error('handler failed');
  const failing = (): never => {
    throw error;
  };
  expect(await failure(() => processMessage(message!, failing))).toBe(error);
  expect(await failure(() => processMessage(message!, () => Promise.reject(error)))).toBe(error);
});

it('a failing batch handler is recorded, and the client retries', async () => {
  const recording = recordSpans();
  const kafka = tracedKafka(recording);
  const topic = await newTopic();
  const producer = await newProducer(rawKafka());
  await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] });
  const offsets: string[][] = [];
  await runUntilDone(await newConsumer(kafka), topic, (done) => ({
    eachBatch: async (payload): Promise<void> => {
      offsets.push(payload.batch.messages.map(({ offset }) => offset));
      if (offsets.length > 1) return done();
      payload.resolveOffset('0');
      await setImmediate();
      throw new Error('handler failed');
    },
  }));
  expect(offsets).toStrictEqual([['0', '1'], ['1']]);
  const tries = recording.spans().filter(({ name }) => name === `process ${topic}`);
  expect(tries.map(({ status }) => status.code)).toStrictEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
  expect(tries.map(({ links }) => links)).toStrictEqual([[], []]);
});

it('links more messages than the link limit of one span', async () => {
  const recording = recordSpans();
  const kafka = tracedKafka(recording);
  const topic = await newTopic();
  const producer = await newProducer(kafka);
  await producer.send({ topic, messages: Array.from({ length: 300 }, (_, at) => ({ value: String(at) })) });
  let count = 0;
  await runUntilDone(await newConsumer(kafka), topic, (done) => ({
    eachBatch: async ({ batch }): Promise<void> => {
      count += batch.messages.length;
      if (count === 300) done();
    },
  }));
  const creates = recording.spans().filter(({ name }) => name === `create ${topic}`);
  const consumed = recording.spans().filter(({ name }) => name === `process ${topic}`);
  const ids = new Set(consumed.flatMap(linked));
  expect(creates).toHaveLength(300);
  expect(creates.every((create) => ids.has(idOf(create)))).toBe(true);
});
