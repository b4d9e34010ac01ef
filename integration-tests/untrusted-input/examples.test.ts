import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { connect } from 'amqplib';
import { getBaggage, processBaggage } from 'mqtrace';
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { loadTruck, splitOrder } from '../../docs/examples/fan-out-fan-in.ts';
import { firstTenant, sendForTenant } from '../../docs/examples/multi-tenant.ts';
import { type OutboxRow, relay, writeOrder } from '../../docs/examples/outbox.ts';
import { consumePartners, dropped } from '../../docs/examples/untrusted-topic.ts';
import { rawRedis } from '../ioredis/setup.ts';
import { newProducer, newTopic, rawKafka } from '../kafkajs/clients.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { linked, recordSpans, underSpan } from '../../test-support/spans.ts';

// The examples use the globally registered provider.
const recording = recordSpans();
beforeAll(() => void trace.setGlobalTracerProvider(recording.tracerProvider));
afterAll(() => trace.disable());
afterEach(() => recording.clear());

test('multi-tenant baggage', async () => {
  const topic = await newTopic();
  await sendForTenant(inject('kafkaBrokers'), topic, 'acme');
  expect(await firstTenant(inject('kafkaBrokers'), topic, uniqueName('g'))).toBe('acme');
  expect(recording.span(`process ${topic}`).attributes).toMatchObject({
    'baggage.tenant': 'acme',
    'baggage.region': 'eu',
  });
  const forged = await newTopic();
  await (
    await newProducer()
  ).send({ topic: forged, messages: [{ value: 'x', headers: { baggage: 'tenant=%3Cscript%3E' } }] });
  expect(await firstTenant(inject('kafkaBrokers'), forged, uniqueName('g'))).toBe('unknown');
  processBaggage.clear();
});

test('outbox: a row is published in the context of the request that wrote it', async () => {
  const [queue, outbox] = [uniqueName('q'), [] as OutboxRow[]];
  const connection = await connect(inject('amqpUrl'));
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: false, expires: 120_000 });
  const request = await underSpan(
    recording,
    (span) => {
      writeOrder(outbox, 'order');
      return span;
    },
    propagation.setBaggage(ROOT_CONTEXT, getBaggage().setEntry('tenant', { value: 'a' })),
  );
  await underSpan(recording, () => relay(inject('amqpUrl'), queue, outbox));
  const publish = recording.span(`publish ${queue}`);
  expect(publish.parentSpanContext?.spanId).toBe(request.spanId);
  const message = await channel.get(queue, { noAck: true });
  expect(message && message.properties.headers).toMatchObject({ baggage: 'tenant=a' });
});

test('untrusted topic', async () => {
  const topic = `partners.${uniqueName('t')}`;
  const admin = rawKafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  await admin.disconnect();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await (
    await newProducer()
  ).send({
    topic,
    messages: Array.from({ length: 20 }, () => ({
      value: 'x',
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01`, baggage: 'tenant=forged,partner.reference=r1' },
    })),
  });
  const before = dropped();
  const seen: (string | undefined)[] = [];
  const stop = await consumePartners(
    inject('kafkaBrokers'),
    topic,
    uniqueName('g'),
    (reference) => void seen.push(reference),
  );
  await vi.waitFor(() => expect(seen).toHaveLength(20), { timeout: 20_000 });
  await stop();
  expect(new Set(seen)).toEqual(new Set(['r1']));
  const spans = recording.spans().filter((span) => span.name === `process ${topic}`);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(20);
  expect(spans.every((span) => linked(span)[0] === `${traceId}-b7ad6b7169203331`)).toBe(true);
  // Twenty forged tenants, and more than ten sampled flags a second.
  expect(dropped() - before).toBeGreaterThanOrEqual(20);
});

test('fan-out and fan-in: 300 parcels, one truck, no link lost', async () => {
  const [stream, redis] = [uniqueName('parcels'), rawRedis()];
  await redis.xgroup('CREATE', stream, 'trucks', '0', 'MKSTREAM');
  const warehouses = Array.from({ length: 300 }, (_, i) => `w${i}`);
  const order = await underSpan(recording, async (span) => {
    await splitOrder(inject('redisUrl'), stream, warehouses);
    return span;
  });
  const branches = recording.spans().filter((span) => span.name === 'pack parcel');
  expect(branches).toHaveLength(300);
  expect(branches.every((span) => linked(span)[0] === `${order.traceId}-${order.spanId}`)).toBe(true);
  expect(await context.with(ROOT_CONTEXT, () => loadTruck(inject('redisUrl'), stream, 'trucks', 't1'))).toBe(300);
  const processed = recording.spans().filter((span) => span.name === `process ${stream}`);
  const loads = recording.spans().filter((span) => span.name === 'load truck');
  expect(loads.map((span) => span.links.length).sort((a, b) => b - a)).toEqual([128, 128, 44]);
  expect(new Set(loads.flatMap(linked))).toEqual(
    new Set(processed.map((span) => `${span.spanContext().traceId}-${span.spanContext().spanId}`)),
  );
});
