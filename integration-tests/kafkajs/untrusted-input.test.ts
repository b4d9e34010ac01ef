import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { type IHeaders } from 'kafkajs';
import { type TraceKafkaOptions } from 'mqtrace/kafkajs';
import { describe, expect, it } from 'vitest';
import { recordSpans, type Recording } from '../../test-support/spans.ts';
import {
  baggageEntries,
  headerOf,
  newConsumer,
  newProducer,
  newTopic,
  readRaw,
  runUntilDone,
  tracedKafka,
} from './clients.ts';

const [one, two] = ['0af7651916cd43dd8448eb211c80319c', '1bf7651916cd43dd8448eb211c80319c'];
const parent = (traceId: string | undefined, flags = '01'): string => `00-${traceId}-b7ad6b7169203331-${flags}`;

/** Sends messages with these headers by the raw client, and has a traced consumer process them. */
async function processed(
  recording: Recording,
  headers: IHeaders[],
  options: TraceKafkaOptions = {},
  handler: () => unknown = () => undefined,
): Promise<void> {
  const topic = await newTopic();
  const producer = await newProducer();
  await producer.send({ topic, messages: headers.map((each, at) => ({ value: String(at), headers: each })) });
  let count = 0;
  await runUntilDone(await newConsumer(tracedKafka(recording, options)), topic, (done) => ({
    eachMessage: async (): Promise<void> => {
      await handler();
      if (++count === headers.length) done();
    },
  }));
}

describe('untrusted headers', () => {
  it('the last of repeated traceparent headers is used', async () => {
    const recording = recordSpans();
    await processed(recording, [
      { traceparent: [parent(one), parent(one)] },
      { traceparent: [parent(one), parent(two)] },
      { traceparent: ['junk', parent(two)] },
    ]);
    expect(recording.spans().map((span) => span.spanContext().traceId)).toStrictEqual([one, two, two]);
    expect(recording.spans().every(({ parentSpanContext }) => parentSpanContext?.spanId === 'b7ad6b7169203331')).toBe(
      true,
    );
  });

  it.each([
    ['none', {}],
    ['foreign ones', { 'x-request-id': '1', 'sentry-trace': parent(one), bytes: Buffer.from([0, 0xff]) }],
    ['a traceparent that is empty', { traceparent: '' }],
    ['one that is cut', { traceparent: parent(one).slice(0, 40) }],
    ['one of zeros', { traceparent: parent('0'.repeat(32)) }],
    ['one in capitals', { traceparent: parent(one).toUpperCase() }],
    ['one of bytes', { traceparent: Buffer.from([0xff, 0xfe, 0]) }],
    ['one that is long', { traceparent: parent(one).padEnd(300_000, '0') }],
    ['version ff', { traceparent: `ff${parent(one).slice(2)}` }],
  ])('a message with %s starts a new trace', async (_, headers) => {
    const recording = recordSpans();
    await processed(recording, [headers]);
    const [span, ...more] = recording.spans();
    expect(more).toStrictEqual([]);
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.links).toStrictEqual([]);
    expect(span?.spanContext().traceId).not.toBe(one);
  });

  it('baggage without traceparent is active in a new trace; repetitions are merged', async () => {
    const recording = recordSpans();
    const seen: unknown[] = [];
    await processed(
      recording,
      [{ baggage: 'tenant=a' }, { Baggage: ['tenant=a', 'user=b%20c'] }, { baggage: 'py=a+b, =x,bad' }],
      {},
      () => seen.push(baggageEntries()),
    );
    expect(seen).toStrictEqual([{ tenant: 'a' }, { tenant: 'a', user: 'b c' }, { py: 'a+b' }]);
  });

  it('tombstones and binary keys arrive unchanged', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const topic = await newTopic();
    const producer = await newProducer(kafka);
    const keys = [null, Buffer.from([0xff, 0x00]), Buffer.from('größe')];
    for (const key of keys) await producer.send({ topic, messages: [{ key, value: null }] });
    const seen: unknown[] = [];
    await runUntilDone(await newConsumer(kafka), topic, (done) => ({
      eachMessage: async ({ message }): Promise<void> => {
        if (seen.push([message.key, message.value]) === keys.length) done();
      },
    }));
    expect(seen).toStrictEqual(keys.map((key) => [key, null]));
    for (const operation of ['send', 'process']) {
      const spans = recording.spans().filter(({ name }) => name === `${operation} ${topic}`);
      expect(spans.map(({ attributes }) => attributes['kafka.message.key'])).toStrictEqual([
        undefined,
        undefined,
        'größe',
      ]);
      expect(spans.map(({ attributes }) => attributes['kafka.message.tombstone'])).toStrictEqual([true, true, true]);
      expect(spans.map(({ attributes }) => attributes['kafka.offset'])).toStrictEqual([0, 1, 2]);
    }
  });
});

describe('trace flags', () => {
  it.each([
    ['03', '03'],
    ['01', '01'],
    ['ff', '03'],
    ['11', '01'],
  ])('%s in, %s out', async (given, sent) => {
    const recording = recordSpans();
    const topic = await newTopic();
    const producer = await newProducer(tracedKafka(recording));
    await processed(recording, [{ traceparent: parent(one, given), tracestate: 'vendor=1' }], {}, () =>
      producer.send({ topic, messages: [{ value: 'v' }] }),
    );
    const [message] = await readRaw(topic, 1);
    const { traceId, spanId } = recording.span(`send ${topic}`).spanContext();
    expect(traceId).toBe(one);
    expect(headerOf(message, 'traceparent')).toBe(`00-${one}-${spanId}-${sent}`);
    expect(headerOf(message, 'tracestate')).toBe('vendor=1');
  });
});

it("with OpenTelemetry's own propagator the spans are the same, and junk baggage is harmless", async () => {
  const recording = recordSpans();
  const propagator = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
  propagation.setGlobalPropagator(propagator);
  try {
    const junk = Array.from({ length: 100_000 }, (_, at) => `k${at}=v`).join(',');
    expect(junk.length).toBeGreaterThan(800_000);
    const seen: number[] = [];
    await processed(
      recording,
      [
        { traceparent: [parent(two), parent(one)], baggage: junk },
        { traceparent: parent(two), baggage: 'tenant=a' },
      ],
      {},
      () => seen.push(Object.keys(baggageEntries()).length),
    );
    expect(recording.spans().map((span) => span.spanContext().traceId)).toStrictEqual([one, two]);
    // The propagator gets no more than W3C requires to be carried.
    expect(seen[0]).toBeGreaterThan(0);
    expect(seen[0]).toBeLessThanOrEqual(1200);
    expect(seen[1]).toBe(1);
    expect(trace.getSpanContext(ROOT_CONTEXT)).toBeUndefined();

    const topic = await newTopic();
    const producer = await newProducer(tracedKafka(recording));
    await producer.send({ topic, messages: [{ value: 'v', headers: { traceparent: 'old', TraceParent: 'old' } }] });
    const { traceId, spanId } = recording.span(`send ${topic}`).spanContext();
    expect((await readRaw(topic, 1))[0]?.headers).toStrictEqual({
      traceparent: Buffer.from(`00-${traceId}-${spanId}-01`),
    });
  } finally {
    propagation.disable();
  }
});
