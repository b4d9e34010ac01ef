import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { withBaggage } from 'mqtrace';
import { processMessage, traceKafka } from 'mqtrace/kafkajs';
import { describe, expect, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, recordSpans, underSpan } from '../../test-support/spans.ts';
import {
  baggageEntries,
  clientId,
  newConsumer,
  newProducer,
  newTopic,
  rawKafka,
  runUntilDone,
  serverAttributes,
  tracedKafka,
} from './clients.ts';

class OutOfStock extends Error {}

describe('eachMessage', () => {
  it('gives messages that processMessage accepts, in the handler and later', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const producer = await newProducer(kafka);
    const topic = await newTopic();
    await withBaggage({ tenant: 'a' }, () => producer.send({ topic, messages: [{ value: 'v' }] }));
    const consumer = await newConsumer(kafka, uniqueName('group'));
    const seen: unknown[] = [];
    let later = (): void => undefined;
    await runUntilDone(consumer, topic, (done) => ({
      eachMessage: async ({ message }): Promise<void> => {
        later = (): void => void seen.push(processMessage(message, baggageEntries));
        later();
        done();
      },
    }));
    later();
    expect(seen).toEqual([{ tenant: 'a' }, { tenant: 'a' }]);
    const send = recording.span(`send ${topic}`);
    const spans = recording.spans().filter(({ name }) => name === `process ${topic}`);
    expect(spans).toHaveLength(3);
    for (const { parentSpanContext, attributes } of spans) {
      expect(idOf(parentSpanContext!)).toBe(idOf(send));
      expect(attributes['messaging.destination.partition.id']).toBe('0');
    }
  });

  it('runs the handler in the context of the message, with a span that is its child and links it', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const producer = await newProducer(kafka);
    const topic = await newTopic();
    await underSpan(recording, () =>
      withBaggage({ tenant: 'a' }, () => producer.send({ topic, messages: [{ key: 'k', value: 'v' }] })),
    );
    const groupId = uniqueName('group');
    const consumer = await newConsumer(kafka, groupId);
    const seen: unknown[] = [];
    // The context that is active when the consumer starts is not that of its messages.
    await underSpan(recording, () =>
      withBaggage({ leaked: 'x' }, () =>
        runUntilDone(consumer, topic, (done) => ({
          eachMessage: async (payload): Promise<void> => {
            seen.push(Object.keys(payload), baggageEntries(), trace.getActiveSpan()?.spanContext().spanId);
            done();
          },
        })),
      ),
    );

    const send = recording.span(`send ${topic}`);
    const span = recording.span(`process ${topic}`);
    expect(seen).toStrictEqual([
      ['topic', 'partition', 'message', 'heartbeat', 'pause'],
      { tenant: 'a' },
      span.spanContext().spanId,
    ]);
    expect(span.kind).toBe(SpanKind.CONSUMER);
    expect(span.spanContext().traceId).toBe(send.spanContext().traceId);
    expect(span.parentSpanContext?.spanId).toBe(send.spanContext().spanId);
    expect(linked(span)).toStrictEqual([idOf(send)]);
    const { 'mqtrace.message.age': age, ...attributes } = span.attributes;
    expect(age).toBeGreaterThanOrEqual(0);
    expect(attributes).toStrictEqual({
      'messaging.system.name': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': '0',
      'messaging.consumer.group.name': groupId,
      'messaging.client.id': clientId,
      'kafka.message.key': 'k',
      'kafka.offset': 0,
      ...serverAttributes(),
    });
    expect(recording.open()).toStrictEqual([]);
  });

  it('with parenting: link only links the message; its baggage is still active', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording, { parenting: 'link' });
    const topic = await newTopic();
    const producer = await newProducer(kafka);
    await withBaggage({ tenant: 'a' }, () => producer.send({ topic, messages: [{ value: 'v' }] }));
    const seen: unknown[] = [];
    await runUntilDone(await newConsumer(kafka), topic, (done) => ({
      eachMessage: async (): Promise<void> => {
        seen.push(baggageEntries());
        done();
      },
    }));
    const [send, span] = [recording.span(`send ${topic}`), recording.span(`process ${topic}`)];
    expect(seen).toStrictEqual([{ tenant: 'a' }]);
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(send.spanContext().traceId);
    expect(linked(span)).toStrictEqual([idOf(send)]);
  });

  it('a failing handler is retried by the client, each attempt in its own span', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const producer = await newProducer(kafka);
    const topic = await newTopic();
    await producer.send({ topic, messages: [{ value: 'v' }] });
    const offsets: string[] = [];
    await runUntilDone(await newConsumer(kafka), topic, (done) => ({
      eachMessage: ({ message }): Promise<void> => {
        offsets.push(message.offset);
        if (offsets.length === 1) return Promise.reject(new OutOfStock('first'));
        if (offsets.length === 2) throw new OutOfStock('second');
        done();
        return Promise.resolve();
      },
    }));
    expect(offsets).toStrictEqual(['0', '0', '0']);
    const tries = recording.spans().filter(({ name }) => name === `process ${topic}`);
    expect(tries.map(({ status }) => status)).toStrictEqual([
      { code: SpanStatusCode.ERROR, message: 'first' },
      { code: SpanStatusCode.ERROR, message: 'second' },
      { code: SpanStatusCode.UNSET },
    ]);
    expect(tries.map(({ attributes }) => attributes['error.type'])).toStrictEqual([
      'OutOfStock',
      'OutOfStock',
      undefined,
    ]);
    expect(new Set(tries.map(({ parentSpanContext }) => parentSpanContext?.spanId)).size).toBe(1);
    expect(recording.open()).toStrictEqual([]);
  });

  it('the span ends when the handler has ended, for which the client waits', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const producer = await newProducer(kafka);
    const topic = await newTopic();
    await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }, { value: '3' }] });
    const processed = (): unknown[] => recording.spans().filter(({ name }) => name === `process ${topic}`);
    const log: string[] = [];
    await runUntilDone(await newConsumer(kafka), topic, (done) => ({
      eachMessage: async ({ message }): Promise<void> => {
        log.push(`begin ${String(message.value)}, ended ${processed().length}`);
        await new Promise(setImmediate);
        await new Promise(setImmediate);
        log.push(`end ${String(message.value)}, open ${recording.open().length}`);
        if (String(message.value) === '3') done();
      },
    }));
    expect(log).toStrictEqual([
      'begin 1, ended 0',
      'end 1, open 1',
      'begin 2, ended 1',
      'end 2, open 1',
      'begin 3, ended 2',
      'end 3, open 1',
    ]);
  });

  it('promises that are not native end the span of their handler, and `then` is called once', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const producer = await newProducer(kafka);
    const topic = await newTopic();
    await producer.send({ topic, messages: [{ value: 'v' }] });
    let asked = 0;
    let open: string[] = [];
    await runUntilDone(await newConsumer(kafka), topic, (done) => ({
      eachMessage: (): Promise<void> =>
        ({
          // oxlint-disable-next-line unicorn/no-thenable -- the very thing that is tested
          then(resolve: () => void): void {
            asked++;
            setImmediate(() => {
              open = recording.open();
              resolve();
              done();
            });
          },
        }) as unknown as Promise<void>,
    }));
    expect([asked, open]).toStrictEqual([1, [`process ${topic}`]]);
    expect(recording.open()).toStrictEqual([]);
  });

  it('the configuration is not modified, and a second run() behaves as with the raw client', async () => {
    const recording = recordSpans();
    const kafka = tracedKafka(recording);
    const consumer = await newConsumer(kafka);
    const topic = await newTopic();
    const producer = await newProducer(kafka);
    await producer.send({ topic, messages: [{ value: 'v' }] });
    const handlerThis: unknown[] = [];
    const config = Object.freeze({
      eachMessage: async function (this: unknown): Promise<void> {
        handlerThis.push((this as object | undefined)?.constructor.name);
        done();
      },
    });
    let done = (): void => undefined;
    await runUntilDone(consumer, topic, (resolve) => {
      done = (): void => {
        consumer.run(config).then(resolve, resolve);
      };
      return config;
    });
    expect(handlerThis).toStrictEqual(['Runner']);
    expect(recording.spans().map(({ name }) => name)).toStrictEqual([`send ${topic}`, `process ${topic}`]);
  });

  it('the handler runs in the root context if tracing itself fails', async () => {
    const topic = await newTopic();
    const producer = await newProducer();
    await producer.send({ topic, messages: [{ value: 'v' }] });
    const broken = {
      getTracer: (): never =>
        ({
          startSpan(): never {
            throw new Error('broken');
          },
        }) as never,
    };
    const recording = recordSpans();
    const kafka = traceKafka(rawKafka(), { tracerProvider: broken });
    const seen: unknown[] = [];
    await underSpan(recording, async () =>
      runUntilDone(await newConsumer(kafka), topic, (done) => ({
        eachMessage: async ({ message }): Promise<void> => {
          seen.push(String(message.value), trace.getSpan(context.active()) === trace.getSpan(ROOT_CONTEXT));
          done();
        },
      })),
    );
    expect(seen).toStrictEqual(['v', true]);
    const tracedProducer = await newProducer(kafka);
    await tracedProducer.send({ topic, messages: [{ value: 'w' }, { value: 'x' }] });
  });
});
