// Tests an application with its own OpenTelemetry set-up, as its documentation shows: `provider.register()`, without
// mqtrace/sdk. register() also sets the stock propagators and context manager.
import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { connect } from 'amqplib';
import { getBaggage, withBaggage } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { rawRedis } from '../ioredis/setup.ts';
import { newConsumer, newProducer, newTopic, rawKafka, readRaw, runUntilDone } from '../kafkajs/clients.ts';
import { uniqueName } from '../../test-support/inputs.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
beforeAll(() => provider.register());
beforeEach(() => exporter.reset());
afterAll(() => provider.shutdown());

/** The trace and the baggage that a handler sees. */
interface Seen {
  traceId: string | undefined;
  baggage: Record<string, string>;
}

function look(): Seen {
  const entries = getBaggage().getAllEntries();
  return {
    traceId: trace.getActiveSpan()?.spanContext().traceId,
    baggage: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
  };
}

type Headers = Record<string, string>;

/** One queue of a client: sends traced messages or untrusted headers; reads its first message raw or processes it. */
interface Queue {
  names: { send: string; process: string };
  send(): Promise<unknown>;
  sendRaw(headers: Headers): Promise<unknown>;
  readRaw(): Promise<Headers>;
  process(): Promise<Seen>;
}

const text = (headers: object | undefined): Headers =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));

async function kafkaQueue(): Promise<Queue> {
  const topic = await newTopic();
  const kafka = traceKafka(rawKafka());
  return {
    names: { send: `send ${topic}`, process: `process ${topic}` },
    send: async () => (await newProducer(kafka)).send({ topic, messages: [{ value: 'v' }] }),
    sendRaw: async (headers) => (await newProducer()).send({ topic, messages: [{ value: 'v', headers }] }),
    readRaw: async () => text((await readRaw(topic, 1))[0]?.headers),
    async process() {
      const seen: Seen[] = [];
      await runUntilDone(await newConsumer(kafka), topic, (done) => ({
        eachMessage: async (): Promise<void> => {
          seen.push(look());
          done();
        },
      }));
      return seen[0]!;
    },
  };
}

async function amqpQueue(): Promise<Queue> {
  const [plain, connection] = [await connect(inject('amqpUrl')), traceConnection(await connect(inject('amqpUrl')))];
  onTestFinished(async () => {
    await plain.close();
    await connection.close();
  });
  const [raw, channel] = [await plain.createConfirmChannel(), await connection.createConfirmChannel()];
  const { queue } = await raw.assertQueue(uniqueName('q'), { durable: false, expires: 120_000 });
  return {
    names: { send: `publish ${queue}`, process: `process ${queue}` },
    async send() {
      channel.sendToQueue(queue, Buffer.from('v'));
      await channel.waitForConfirms();
    },
    async sendRaw(headers) {
      raw.sendToQueue(queue, Buffer.from('v'), { headers });
      await raw.waitForConfirms();
    },
    async readRaw() {
      const message = await raw.get(queue, { noAck: true });
      return text((message || undefined)?.properties.headers);
    },
    process: () =>
      new Promise((resolve, reject) => {
        channel.consume(queue, () => resolve(look()), { noAck: true }).catch(reject);
      }),
  };
}

async function redisQueue(): Promise<Queue> {
  const [raw, redis, stream] = [rawRedis(), traceRedis(rawRedis()), uniqueName('stream')];
  return {
    names: { send: `xadd ${stream}`, process: `process ${stream}` },
    send: () => redis.xadd(stream, '*', 'own', 'v'),
    sendRaw: (headers) => raw.xadd(stream, '*', 'own', 'v', ...Object.entries(headers).flat()),
    async readRaw() {
      const [[, fields]] = (await raw.xrange(stream, '-', '+')) as [[string, string[]]];
      return Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]!]] : [])));
    },
    async process() {
      const [[, [entry]]] = (await redis.xread('STREAMS', stream, '0')) as [[string, [[string, string[]]]]];
      return processMessage(entry, look);
    },
  };
}

const clients: [string, () => Promise<Queue>][] = [
  ['kafkajs', kafkaQueue],
  ['amqplib', amqpQueue],
  ['ioredis', redisQueue],
];

function spanOf(name: string): ReadableSpan {
  const found = exporter.getFinishedSpans().filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0]!;
}

test.each(clients)('%s: the spans and the baggage are the same as with mqtrace/sdk', async (_, open) => {
  const queue = await open();
  await withBaggage({ tenant: 'a b' }, () =>
    provider.getTracer('app').startActiveSpan('application', async (span) => {
      await queue.send();
      span.end();
    }),
  );
  const [application, send] = [spanOf('application'), spanOf(queue.names.send)];
  const { traceId, spanId } = send.spanContext();
  expect(await queue.readRaw()).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01`, baggage: 'tenant=a%20b' });
  // A message that was read raw is gone from RabbitMQ.
  await withBaggage({ tenant: 'a b' }, () =>
    queue.sendRaw({ traceparent: `00-${traceId}-${spanId}-01`, baggage: 'tenant=a%20b' }),
  );
  const seen = await queue.process();
  expect(seen).toEqual({ traceId, baggage: { tenant: 'a b' } });
  await expect.poll(() => exporter.getFinishedSpans().map(({ name }) => name)).toContain(queue.names.process);
  expect(send.parentSpanContext?.spanId).toBe(application.spanContext().spanId);
});

test.each(clients)('%s: the parent and the link of a message with junk baggage', async (_, open) => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  for (const junk of [
    Array.from({ length: 5000 }, (__, at) => `k${at}=%ff`).join(','),
    '='.repeat(60_000),
    ';,;,=,%,=a,b=;;\u0000\u00ff',
    'x'.repeat(60_000),
  ]) {
    exporter.reset();
    const queue = await open();
    await queue.sendRaw({ traceparent: `00-${traceId}-b7ad6b7169203331-01`, baggage: junk });
    const seen = await queue.process();
    expect(seen.traceId).toBe(traceId);
    // The stock propagator gets no more than W3C requires to be carried.
    expect(Object.keys(seen.baggage).length).toBeLessThan(1500);
    await expect.poll(() => exporter.getFinishedSpans().map(({ name }) => name)).toContain(queue.names.process);
    const span = spanOf(queue.names.process);
    expect(span.parentSpanContext).toMatchObject({ traceId, spanId: 'b7ad6b7169203331', isRemote: true });
    expect(span.links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331']);
  }
});
