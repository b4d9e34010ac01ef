import { context, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { type ProducerRecord } from 'kafkajs';
import { withBaggage } from 'mqtrace';
import { traceKafka, traceProducer } from 'mqtrace/kafkajs';
import { expect, it } from 'vitest';
import { deepFreeze, failure } from '../../test-support/inputs.ts';
import { recordSpans, underSpan } from '../../test-support/spans.ts';
import {
  baggageEntries,
  headerOf,
  newConsumer,
  newProducer,
  newTopic,
  rawKafka,
  readRaw,
  runUntilDone,
  tracedKafka,
} from './clients.ts';

it('frozen messages, headers and options are sent, and stay unchanged', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic();
  const make = (): ProducerRecord => ({
    topic,
    acks: -1,
    messages: [
      { key: 'a', value: Buffer.from('1'), headers: { own: 'h', list: ['1', Buffer.from('2')] } },
      { key: 'b', value: '2', timestamp: '1700000000000', partition: 0 },
    ],
  });
  const record = deepFreeze(make());
  await producer.send(record);
  await producer.sendBatch(deepFreeze({ topicMessages: [make()] }));
  expect(record).toStrictEqual(make());
  const messages = await readRaw(topic, 4);
  expect(messages.map(({ key, value }) => [String(key), String(value)])).toStrictEqual([
    ['a', '1'],
    ['b', '2'],
    ['a', '1'],
    ['b', '2'],
  ]);
  expect(messages[1]?.timestamp).toBe('1700000000000');
  const { traceparent, ...own } = messages[0]!.headers!;
  expect(String(traceparent)).toMatch(/^00-/);
  expect(own).toStrictEqual({ own: Buffer.from('h'), list: [Buffer.from('1'), Buffer.from('2')] });
});

it('nothing of one send leaks into the next that uses the same objects', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic();
  const message = { value: 'v', headers: { own: 'h' } };
  await withBaggage({ tenant: 'a' }, () => producer.send({ topic, messages: [message] }));
  await producer.send({ topic, messages: [message] });
  expect(message).toStrictEqual({ value: 'v', headers: { own: 'h' } });
  const [first, second] = await readRaw(topic, 2);
  expect(headerOf(first, 'baggage')).toBe('tenant=a');
  expect(Object.keys(second?.headers ?? {})).toStrictEqual(['own', 'traceparent']);
  expect(headerOf(second, 'traceparent')).not.toBe(headerOf(first, 'traceparent'));
});

it('messages of one send that share a headers object each carry their own context', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic();
  const headers = { own: 'h' };
  await producer.send({
    topic,
    messages: [
      { value: '1', headers },
      { value: '2', headers },
    ],
  });
  expect(headers).toStrictEqual({ own: 'h' });
  const spanIds = (await readRaw(topic, 2)).map((message) => headerOf(message, 'traceparent')?.slice(36, 52));
  const creates = recording.spans().filter(({ name }) => name === `create ${topic}`);
  expect(spanIds).toStrictEqual(creates.map((span) => span.spanContext().spanId));
});

it('a received message that is forwarded carries its new context once', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const [from, to] = [await newTopic(), await newTopic()];
  await withBaggage({ tenant: 'a' }, () => producer.send({ topic: from, messages: [{ key: 'k', value: 'v' }] }));
  const [received] = await readRaw(from, 1);
  await producer.send({ topic: to, messages: [received!] });
  const [relayed] = await readRaw(to, 1);
  const { traceId, spanId } = recording.span(`send ${to}`).spanContext();
  expect(relayed?.headers).toStrictEqual({ traceparent: Buffer.from(`00-${traceId}-${spanId}-01`) });
  expect(relayed?.timestamp).toBe(received?.timestamp);
});

it('with existingContext a message keeps the context that it carries, and the send links it', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording, { existingContext: 'keep' }));
  const topic = await newTopic();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await producer.send({ topic, messages: [{ value: 'v', headers: { traceparent } }] });
  expect(recording.spans().map(({ name }) => name)).toStrictEqual([`send ${topic}`]);
  expect(recording.span(`send ${topic}`).links[0]?.context.spanId).toBe('b7ad6b7169203331');
  expect(headerOf((await readRaw(topic, 1))[0], 'traceparent')).toBe(traceparent);
});

it('with tracing suppressed there is no span, and the message is sent unchanged', async () => {
  const recording = recordSpans();
  const producer = await newProducer(tracedKafka(recording));
  const topic = await newTopic();
  const messages = [{ value: '1', headers: { traceparent: 'mine' } }, { value: '2' }];
  await withBaggage({ tenant: 'a' }, () =>
    context.with(suppressTracing(context.active()), () => producer.send({ topic, messages })),
  );
  expect(recording.spans()).toStrictEqual([]);
  const read = await readRaw(topic, 2);
  expect(read.map(({ headers }) => headers)).toStrictEqual([{ traceparent: Buffer.from('mine') }, {}]);
});

it('kafkajs rejects invalid calls with the same error', async () => {
  const recording = recordSpans();
  const [raw, traced] = [await newProducer(), await newProducer(tracedKafka(recording))];
  const topic = await newTopic();
  const ways: ((producer: typeof raw) => unknown)[] = [
    (producer) => producer.send(undefined as never),
    (producer) => producer.send(null as never),
    (producer) => producer.send({} as never),
    (producer) => producer.send({ topic } as never),
    (producer) => producer.send({ topic, messages: null } as never),
    (producer) => producer.send({ topic, messages: 'text' } as never),
    (producer) => producer.send({ topic: '', messages: [{ value: 'v' }] }),
    (producer) => producer.send({ topic, messages: [null] } as never),
    (producer) => producer.send({ topic, messages: [{ key: 'k', note: 'no value' }] } as never),
    (producer) => producer.send({ topic, messages: [{ value: 'v' }, { key: 'k' }] } as never),
    (producer) => producer.send({ topic, messages: [{ value: 5 }] } as never),
    (producer) => producer.send({ topic, messages: [{ value: 'v', headers: null }] } as never),
    (producer) => producer.send({ topic, messages: [{ value: 'v', headers: { h: 5 } }] } as never),
    (producer) => producer.send({ topic, messages: [{ value: 'v', headers: { h: null } }] } as never),
    (producer) => producer.sendBatch(undefined as never),
    (producer) => producer.sendBatch({ topicMessages: null } as never),
    (producer) => producer.sendBatch({ topicMessages: [null] } as never),
    (producer) => producer.sendBatch({ topicMessages: [{ topic }] } as never),
  ];
  for (const [at, way] of ways.entries()) {
    const expected = await failure(() => way(raw));
    const given = await failure(() => way(traced));
    expect([at, String(given)]).toStrictEqual([at, String(expected)]);
  }
  for (const way of [
    (producer: typeof raw) => producer.send({ topic, messages: [] }),
    (producer: typeof raw) => producer.sendBatch({}),
  ]) {
    expect(await way(traced)).toStrictEqual(await way(raw));
  }
  expect(recording.open()).toStrictEqual([]);
}, 120_000);

it('the wrapped objects are the same, with the same properties', () => {
  const recording = recordSpans();
  const kafka = rawKafka();
  const keys = Object.keys(kafka);
  expect(traceKafka(kafka, { tracerProvider: recording.tracerProvider })).toBe(kafka);
  expect(Object.keys(kafka)).toStrictEqual(keys);
  const [raw, traced] = [rawKafka().producer(), kafka.producer()];
  expect(Object.keys(traced)).toStrictEqual(Object.keys(raw));
  for (const name of Object.keys(raw) as (keyof typeof raw)[]) {
    expect({ ...traced }[name]).toBe(traced[name]);
    const [method, rawMethod] = [traced[name] as { name?: string }, raw[name] as { name?: string; length?: number }];
    if (typeof rawMethod === 'function') expect(method).toHaveLength(rawMethod.length ?? -1);
    expect(method.name).toBe(rawMethod.name);
  }
  expect(traceProducer(traced)).toBe(traced);
  const consumer = kafka.consumer({ groupId: 'g' });
  expect(Object.keys(consumer)).toStrictEqual(Object.keys(rawKafka().consumer({ groupId: 'g' })));
  expect(() => kafka.consumer(undefined as never)).toThrow('Consumer groupId must be a non-empty string.');
  expect(Object.getOwnPropertyNames(kafka.admin())).toStrictEqual(Object.getOwnPropertyNames(rawKafka().admin()));
});

it('a handler does not see what was active when the consumer was started', async () => {
  const recording = recordSpans();
  const topic = await newTopic();
  const producer = await newProducer();
  await producer.send({ topic, messages: [{ value: 'v' }] });
  const seen: unknown[] = [];
  let application = '';
  await underSpan(recording, (app) => {
    application = app.traceId;
    return withBaggage({ leaked: 'x' }, async () =>
      runUntilDone(await newConsumer(tracedKafka(recording)), topic, (done) => ({
        eachMessage: async (): Promise<void> => {
          seen.push(baggageEntries(), trace.getActiveSpan()?.spanContext().traceId === application);
          done();
        },
      })),
    );
  });
  expect(seen).toStrictEqual([{}, false]);
});
