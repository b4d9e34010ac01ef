// Tests a pipeline over the three brokers without sampling: each consumer records how long ago the first message was
// sent.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { deliverAtHeader } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { traceFetch, traceHandler } from 'mqtrace/http';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, expect, inject, test } from 'vitest';
import { checkMetric } from '../test-support/conventions/check-metric.ts';
import { uniqueName } from '../test-support/inputs.ts';
import { createTopics } from '../test-support/kafka-topics.ts';
import { serve } from '../test-support/serve.ts';
import { type HistogramMetric, mqtraceMetrics } from '../src/metrics/index.ts';

const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });
const producer = mqtraceMetrics();
const options = { pipelines: { name: 'checkout' } };

afterAll(() => tracing.shutdown());

/** Count and sum of the ages of the pipelines that arrived at a destination, by name. */
async function agesAt(destination: string): Promise<Record<string, { count: number; sum: number }>> {
  const metrics = (await producer.collect()).resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const ages = metrics.find(({ descriptor }) => descriptor.name === 'mqtrace.pipeline.age') as HistogramMetric;
  expect(checkMetric(ages)).toEqual([]);
  const points = ages.dataPoints.filter(({ attributes }) => attributes['messaging.destination.name'] === destination);
  return Object.fromEntries(
    points.map(({ attributes, value }) => [
      String(attributes['mqtrace.pipeline.name']),
      { count: value.count, sum: value.sum },
    ]),
  );
}

test.each([{ parenting: 'parent' }, { parenting: 'link' }] as const)(
  'RabbitMQ, Kafka, Redis: the age grows from hop to hop ($parenting)',
  async ({ parenting }) => {
    const connection = traceConnection(await connect(inject('amqpUrl')), { ...options, parenting });
    const channel = await connection.createConfirmChannel();
    const queue = uniqueName('q');
    await channel.assertQueue(queue, { autoDelete: true });
    const topic = uniqueName('topic');
    await createTopics(inject('kafkaBrokers'), [topic]);
    const kafka = traceKafka(new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING }), {
      ...options,
      parenting,
    });
    const sender = kafka.producer();
    const consumer = kafka.consumer({ groupId: topic });
    const redis = traceRedis(new Redis(inject('redisUrl')), { ...options, parenting });
    const stream = uniqueName('stream');
    await Promise.all([sender.connect(), consumer.connect()]);
    await consumer.subscribe({ topic, fromBeginning: true });
    await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');

    const start = Date.now();
    const seen: Record<string, number> = {};
    channel.sendToQueue(queue, Buffer.from('1'));
    await channel.waitForConfirms();
    await sleep(1000);
    await channel.consume(queue, (message) => {
      seen[queue] ??= (Date.now() - start) / 1000;
      void sleep(500)
        .then(() => sender.send({ topic, messages: [{ value: '1' }] }))
        .then(() => channel.ack(message!));
    });
    let reach: () => void;
    const reached = new Promise<void>((resolve) => (reach = resolve));
    await consumer.run({
      eachMessage: async () => {
        seen[topic] ??= (Date.now() - start) / 1000;
        await redis.xadd(stream, '*', 'n', '1');
        reach();
      },
    });
    await reached;
    await sleep(500);
    const reply = (await redis.xreadgroup('GROUP', 'g', 'c', 'STREAMS', stream, '>')) as [
      string,
      [string, string[]][],
    ][];
    const [entry] = reply[0]![1];
    seen[stream] = (Date.now() - start) / 1000;
    await processMessage(entry!, ([id]) => redis.xack(stream, 'g', id));

    for (const destination of [queue, topic, stream]) {
      const ages = await agesAt(destination);
      expect(Object.keys(ages)).toEqual(['checkout']);
      expect(ages['checkout']?.count).toBe(1);
      expect(Math.abs(ages['checkout']!.sum / seen[destination]! - 1)).toBeLessThan(0.02);
    }
    // The message on the broker, read by an untraced client.
    const raw = new Redis(inject('redisUrl'));
    const [[, fields]] = (await raw.xrange(stream, '-', '+')) as [[string, string[]]];
    const traceState = fields[fields.indexOf('tracestate') + 1]!;
    expect(traceState).toMatch(/^mqtrace=1;[0-9a-z]{8};3;checkout$/);
    expect(Math.abs(Number.parseInt(traceState.split(';')[1]!, 36) - start)).toBeLessThan(50);
    await raw.del(stream);
    await Promise.all([sender.disconnect(), consumer.disconnect(), connection.close()]);
    redis.disconnect();
    raw.disconnect();
  },
);

test.each([{ parenting: 'parent' }, { parenting: 'link' }] as const)(
  'a service that is called over HTTP continues the pipeline ($parenting)',
  async ({ parenting }) => {
    const redis = traceRedis(new Redis(inject('redisUrl')), { ...options, parenting });
    const [first, second] = [uniqueName('stream'), uniqueName('stream')];
    for (const stream of [first, second]) await redis.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
    const { url } = await serve(
      traceHandler((_, response) => void redis.xadd(second, '*', 'n', '1').then(() => response.end())),
    );
    const processNext = async (stream: string, handle: () => unknown): Promise<void> => {
      const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'STREAMS', stream, '>');
      const [[, [entry]]] = reply as [[string, [[string, string[]]]]];
      await processMessage(entry, handle);
    };

    const start = Date.now();
    await redis.xadd(first, '*', 'n', '1');
    await sleep(1000);
    await processNext(first, async () => (await traceFetch()(`${url}/`)).text());
    await processNext(second, () => {});
    const waited = (Date.now() - start) / 1000;
    const age = (await agesAt(second))['checkout'];
    expect(age?.count).toBe(1);
    expect(Math.abs(age!.sum / waited - 1)).toBeLessThan(0.02);
    const raw = new Redis(inject('redisUrl'));
    const [[, fields]] = (await raw.xrange(second, '-', '+')) as [[string, string[]]];
    expect(fields[fields.indexOf('tracestate') + 1]).toMatch(/^mqtrace=1;[0-9a-z]{8};2;checkout$/);
    await raw.del(first, second);
    raw.disconnect();
    redis.disconnect();
  },
);

test('headers that are sent on with another message have its own times: send time, intended delivery and origin', async () => {
  const connection = traceConnection(await connect(inject('amqpUrl')), options);
  const channel = await connection.createConfirmChannel();
  const queue = uniqueName('q');
  await channel.assertQueue(queue, { autoDelete: true });
  const next = async (headers: object): Promise<Record<string, unknown>> => {
    channel.sendToQueue(queue, Buffer.from('1'), { headers });
    await channel.waitForConfirms();
    const got = await channel.get(queue, { noAck: true });
    return (got as { properties: { headers: Record<string, unknown> } }).properties.headers;
  };
  const originIn = (headers: Record<string, unknown>): string[] => String(headers['tracestate']).split(';');
  const deliverAt = Date.now() + 500;
  const first = await next({ [deliverAtHeader]: String(deliverAt) });
  expect(first[deliverAtHeader]).toBe(String(deliverAt));
  await sleep(600);
  const sentOnAt = Date.now();
  const second = await next(first);
  expect(Number(second['mqtrace-sent-at'])).toBeGreaterThanOrEqual(sentOnAt);
  expect(second).not.toHaveProperty(deliverAtHeader);
  // The message was not processed, so that the second one starts a pipeline.
  expect(Number.parseInt(originIn(second)[1]!, 36)).toBeGreaterThanOrEqual(sentOnAt);
  expect(originIn(second).slice(2)).toEqual(['1', 'checkout']);
  expect(Number.parseInt(originIn(first)[1]!, 36)).toBeLessThan(sentOnAt);
  await connection.close();
});
