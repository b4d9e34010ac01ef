import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Channel, connect } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { alwaysOff, alwaysOn, linkBased, parentBased, ratio, type SamplingOptions } from 'mqtrace/sdk';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { referenceKeeps, referenceThreshold } from '../src/sampling/testing/otep-235.ts';
import { seeded } from '../src/sampling/testing/random.ts';
import { asyncHandler } from './amqplib/rabbitmq.ts';
import { tracedRedis } from './ioredis/setup.ts';
import { newConsumer, newProducer, newTopic, runUntilDone, tracedKafka } from './kafkajs/clients.ts';
import { uniqueName } from '../test-support/inputs.ts';
import { thOf } from '../src/sampling/testing/provider.ts';
import { type Service, service } from '../test-support/service.ts';

async function newChannel({ recording }: Service): Promise<Channel> {
  const { tracerProvider } = recording;
  const connection = traceConnection(await connect(inject('amqpUrl')), { tracerProvider });
  onTestFinished(() => connection.close());
  return connection.createChannel();
}

/** Orders pass Kafka to the second service, RabbitMQ to the third, and then a Redis stream. */
async function runPipeline(services: readonly [Service, Service, Service], orders: number): Promise<string[]> {
  const [shop, billing, shipping] = services;
  const [topic, queue, stream] = [await newTopic(), uniqueName('q'), uniqueName('orders')];
  const [publisher, consumer] = [await newChannel(billing), await newChannel(shipping)];
  await consumer.assertQueue(queue, { durable: false, expires: 120_000 });
  const { redis } = tracedRedis({}, { recording: shipping.recording });
  const traceIds: string[] = [];
  const shipped = new Promise<void>((resolve) => {
    void consumer.consume(
      queue,
      asyncHandler(async (message) => {
        await redis.xadd(stream, '*', 'order', message.content.toString());
        consumer.ack(message);
        traceIds.push(trace.getSpanContext(context.active())?.traceId ?? 'none');
        if (traceIds.length === orders) resolve();
      }),
    );
  });
  const producer = await newProducer(tracedKafka(shop.recording));
  for (let order = 0; order < orders; order++) {
    await producer.send({ topic, messages: [{ value: `order ${order}` }] });
  }
  let billed = 0;
  await runUntilDone(await newConsumer(tracedKafka(billing.recording)), topic, (done) => ({
    eachMessage: async ({ message }): Promise<void> => {
      publisher.sendToQueue(queue, message.value ?? Buffer.from(''));
      if (++billed === orders) done();
    },
  }));
  await shipped;
  for (const each of services) await each.sampling.spanProcessor.forceFlush();
  return traceIds;
}

/** A head sampler that decides at every hop with its own rate. */
const atEveryHop = (p: number): SamplingOptions => ({
  sampler: parentBased(ratio(p), { remoteParentSampled: ratio(p), remoteParentNotSampled: ratio(p) }),
});

describe('a pipeline of three services with different rates', () => {
  it('each service keeps what consistent sampling requires: the traces of the lowest rate are complete', async () => {
    const random = seeded(200);
    const rates = [0.5, 0.2, 0.35] as const;
    const services = [
      service(atEveryHop(rates[0]), random),
      service(atEveryHop(rates[1]), random),
      service(atEveryHop(rates[2]), random),
    ] as const;
    const traceIds = await runPipeline(services, 150);

    expect(new Set(traceIds).size).toBe(150);
    const operations = [['send'], ['process', 'publish'], ['process', 'xadd', 'ack']];
    for (const [index, each] of services.entries()) {
      const th = referenceThreshold(rates[index] ?? 0);
      const expected = traceIds.filter((traceId) => referenceKeeps(traceId, th)).sort();
      expect(expected.length).toBeGreaterThan(10);
      for (const operation of operations[index] ?? []) {
        const kept = each.traces(operation);
        expect([...kept].filter((traceId) => traceIds.includes(traceId)).sort()).toStrictEqual(expected);
      }
      const inPipeline = each.exported().filter((span) => traceIds.includes(span.spanContext().traceId));
      expect(new Set(inPipeline.map(thOf))).toStrictEqual(new Set([th]));
    }
    const [sent, published, shipped] = [
      services[0].traces('send'),
      services[1].traces('publish'),
      services[2].traces('xadd'),
    ];
    for (const traceId of published) expect([sent.has(traceId), shipped.has(traceId)]).toStrictEqual([true, true]);
  });

  it('by default, all follow the first service: every trace is complete or absent', async () => {
    const random = seeded(201);
    const services = [
      service({ sampler: { ratio: 0.4 } }, random),
      service({ sampler: { ratio: 0.9 } }, random),
      service({ sampler: { ratio: 0.1 } }, random),
    ] as const;
    const traceIds = await runPipeline(services, 60);
    const th = referenceThreshold(0.4);
    const expected = new Set(traceIds.filter((traceId) => referenceKeeps(traceId, th)));
    expect(expected.size).toBeGreaterThan(5);
    expect(services[0].traces('send')).toStrictEqual(expected);
    expect(services[1].traces('publish')).toStrictEqual(expected);
    expect(services[2].traces('process')).toStrictEqual(expected);
    expect(services[2].traces('xadd')).toStrictEqual(expected);
    for (const each of services) {
      for (const span of each.exported().filter((kept) => expected.has(kept.spanContext().traceId))) {
        expect(thOf(span)).toBe(th);
      }
    }
  });
});

describe('a consumer that fails', () => {
  it('through Kafka, its spans are kept although head sampling dropped them', async () => {
    const random = seeded(202);
    const shop = service({ sampler: alwaysOff }, random);
    const billing = service({ sampler: { ratio: 0 }, keepErrors: true }, random);
    const topic = await newTopic();
    const producer = await newProducer(tracedKafka(shop.recording));
    for (let order = 0; order < 20; order++) await producer.send({ topic, messages: [{ value: `${order}` }] });
    let failures = 0;
    const seen = new Map<string, string>();
    await runUntilDone(await newConsumer(tracedKafka(billing.recording)), topic, (done) => ({
      eachMessage: async ({ message }): Promise<void> => {
        seen.set(String(message.value), trace.getSpanContext(context.active())?.traceId ?? 'none');
        if (String(message.value) === '7' && failures++ === 0) {
          billing.recording.tracerProvider.getTracer('app').startActiveSpan('look up', (span) => span.end());
          throw new Error('out of stock');
        }
        if (String(message.value) === '19') done();
      },
    }));
    const kept = billing.exported().filter((span) => span.spanContext().traceId === seen.get('7'));
    expect(kept.map(({ name }) => name)).toStrictEqual(['look up', `process ${topic}`]);
    for (const span of kept) {
      expect(span.spanContext().traceFlags & 1).toBe(1);
      expect(thOf(span)).toBe('0');
      expect(span.attributes['sampler.name']).toBe('keepErrors');
    }
    expect(kept[1]?.status.code).toBe(SpanStatusCode.ERROR);
    expect(billing.traces('process')).toStrictEqual(new Set([seen.get('7')]));
    expect(shop.exported()).toStrictEqual([]);
  });

  it('through RabbitMQ, they are kept, and those of the redelivery; sent messages carry the decision of head sampling', async () => {
    const random = seeded(203);
    const shop = service({ sampler: alwaysOff }, random);
    const shipping = service({ sampler: alwaysOff, keepErrors: true }, random);
    const [publisher, consumer] = [await newChannel(shop), await newChannel(shipping)];
    const [queue, next] = [uniqueName('q'), uniqueName('next')];
    for (const name of [queue, next]) await consumer.assertQueue(name, { durable: false, expires: 120_000 });
    for (let order = 0; order < 10; order++) {
      context.with(ROOT_CONTEXT, () => publisher.sendToQueue(queue, Buffer.from(`${order}`)));
    }
    let handled = 0;
    await consumer.consume(
      queue,
      asyncHandler(async (message) => {
        if (message.content.toString() === '4' && !message.fields.redelivered) {
          consumer.sendToQueue(next, message.content);
          trace
            .getActiveSpan()
            ?.setAttribute('error.type', 'NO_SUCH_ADDRESS')
            .setStatus({ code: SpanStatusCode.ERROR, message: 'no such address' });
          consumer.nack(message);
          return;
        }
        consumer.ack(message);
        handled++;
      }),
    );
    await vi.waitFor(() => expect(handled).toBe(10));
    await vi.waitFor(() => expect(shipping.sampling.held).toBe(0));
    const processed = shipping.exported().filter(({ name }) => name === `process ${queue}`);
    expect(processed.map(({ status }) => status.code)).toStrictEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
    expect(processed[1]?.attributes['mqtrace.message.redelivered']).toBe(true);
    expect(new Set(shipping.exported().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(new Set(shipping.exported().map(thOf))).toStrictEqual(new Set(['0']));
    const sent = await vi.waitFor(async () => {
      const message = await consumer.get(next, { noAck: true });
      if (!message) throw new Error('not there yet');
      return message;
    });
    const traceId = processed[0]?.spanContext().traceId;
    expect(String(sent.properties.headers?.['traceparent'])).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-0[02]$`));
  });
});

it('consumers that only link to a sampled producer are all kept by linkBased', async () => {
  const random = seeded(204);
  const shop = service({ sampler: alwaysOn }, random);
  const billing = service({ sampler: parentBased(linkBased(ratio(0))) }, random);
  const topic = await newTopic();
  const producer = await newProducer(tracedKafka(shop.recording));
  for (let order = 0; order < 30; order++) await producer.send({ topic, messages: [{ value: `${order}` }] });
  let handled = 0;
  await runUntilDone(await newConsumer(tracedKafka(billing.recording, { parenting: 'link' })), topic, (done) => ({
    eachMessage: async (): Promise<void> => {
      if (++handled === 30) done();
    },
  }));
  const processed = billing.exported().filter(({ name }) => name === `process ${topic}`);
  expect(processed).toHaveLength(30);
  expect(new Set(processed.map((span) => span.attributes['sampler.name']))).toStrictEqual(new Set(['linkBased']));
  expect(new Set(processed.map(thOf))).toStrictEqual(new Set([undefined]));
});
