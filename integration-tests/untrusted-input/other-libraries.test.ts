import {
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { withBaggage } from 'mqtrace';
import { processMessage } from 'mqtrace/ioredis';
import { expect, test, vi } from 'vitest';
import { useRabbitMQ } from '../amqplib/rabbitmq.ts';
import { rawRedis, tracedRedis } from '../ioredis/setup.ts';
import { newConsumer, newProducer, newTopic, readRaw, runUntilDone, tracedKafka } from '../kafkajs/clients.ts';
import { uniqueName } from '../../test-support/inputs.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;

// The official propagators on plain text headers, as in an application without mqtrace.
type Text = Record<string, string>;
const getter: TextMapGetter<Text> = { get: (carrier, key) => carrier[key], keys: (carrier) => Object.keys(carrier) };
const setter: TextMapSetter<Text> = {
  set(carrier, key, value) {
    carrier[key] = value;
  },
};
const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
const foreign = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, spanContext),
  propagation.createBaggage({ tenant: { value: 'a b+c' } }),
);
const text = (headers: object | undefined): Text =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));

const libraries: [string, TextMapPropagator, boolean][] = [
  [
    'W3C',
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    true,
  ],
  ['B3 single', new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }), false],
  ['B3 multi', new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }), false],
];

/** `mqtrace` writes with its own propagator if the other library is the official W3C one. */
const ours = (name: string, propagator: TextMapPropagator): TextMapPropagator | 'mqtrace' =>
  name === 'W3C' ? 'mqtrace' : propagator;

function expectOurs(sent: string, headers: Text, propagator: TextMapPropagator, baggage: boolean): void {
  const read = propagator.extract(ROOT_CONTEXT, headers, getter);
  const { traceId, spanId } = recording.span(sent).spanContext();
  expect(trace.getSpanContext(read)).toMatchObject({ traceId, spanId, traceFlags: 1 });
  if (baggage) expect(propagation.getBaggage(read)?.getEntry('tenant')?.value).toBe('a b+c');
}

function expectTheirs(processed: string): void {
  expect(recording.span(processed).parentSpanContext).toMatchObject({ ...spanContext, isRemote: true });
}

function theirs(propagator: TextMapPropagator): Text {
  const headers: Text = {};
  propagator.inject(foreign, headers, setter);
  return headers;
}

test.each(libraries)(
  'Kafka: an application with %s reads our messages, and we read its messages',
  async (name, propagator, baggage) => {
    expect.hasAssertions();
    const [topic, kafka] = [await newTopic(), tracedKafka(recording, { propagator: ours(name, propagator) })];
    const [traced, raw] = [await newProducer(kafka), await newProducer()];
    await withBaggage({ tenant: 'a b+c' }, () => traced.send({ topic, messages: [{ value: 'ours' }] }));
    const [message] = await readRaw(topic, 1);
    expectOurs(`send ${topic}`, text(message?.headers), propagator, baggage);
    recording.clear();
    const other = await newTopic();
    await raw.send({ topic: other, messages: [{ value: 'theirs', headers: theirs(propagator) }] });
    await runUntilDone(await newConsumer(kafka), other, (done) => ({ eachMessage: async () => done() }));
    expectTheirs(`process ${other}`);
  },
);

test.each(libraries)(
  'RabbitMQ: an application with %s reads our messages, and we read its messages',
  async (name, propagator, baggage) => {
    expect.hasAssertions();
    const { traceChannel } = await import('mqtrace/amqplib');
    const channel = traceChannel(await rabbit.raw.createChannel(), {
      tracerProvider: recording.tracerProvider,
      propagator: ours(name, propagator),
    });
    const [queue, other] = [await rabbit.queue(), await rabbit.queue()];
    withBaggage({ tenant: 'a b+c' }, () => channel.sendToQueue(queue, Buffer.from('ours')));
    expectOurs(`publish ${queue}`, text((await rabbit.read(queue)).properties.headers), propagator, baggage);
    rabbit.looker.sendToQueue(other, Buffer.from('theirs'), { headers: theirs(propagator) });
    await channel.consume(other, () => {}, { noAck: true });
    await vi.waitFor(() => expectTheirs(`process ${other}`));
    await channel.close();
  },
);

test.each(libraries)(
  'Redis: an application with %s reads our messages, and we read its messages',
  async (name, propagator, baggage) => {
    expect.hasAssertions();
    const { redis } = tracedRedis({}, { recording, propagator: ours(name, propagator) });
    const raw = rawRedis();
    const [stream, other] = [uniqueName('s'), uniqueName('s')];
    await withBaggage({ tenant: 'a b+c' }, () => redis.xadd(stream, '*', 'f', 'ours'));
    const [[, fields]] = (await raw.xrange(stream, '-', '+')) as [[string, string[]]];
    const pairs = fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1]]] : []));
    expectOurs(`xadd ${stream}`, Object.fromEntries(pairs) as Text, propagator, baggage);
    await raw.xgroup('CREATE', other, 'g', '0', 'MKSTREAM');
    await raw.xadd(other, '*', 'f', 'theirs', ...Object.entries(theirs(propagator)).flat());
    const reply = (await redis.xreadgroup('GROUP', 'g', 'me', 'STREAMS', other, '>')) as [
      string,
      [string, string[]][],
    ][];
    expect(reply[0]![1][0]![1]).toEqual(['f', 'theirs']);
    processMessage(reply[0]![1][0]!, () => {});
    expectTheirs(`process ${other}`);
  },
);
