import { ParentBasedSampler, AlwaysOnSampler } from '@opentelemetry/sdk-trace-base';
import { processBaggage, droppedHeaders } from 'mqtrace';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { recordSpans } from '../../test-support/spans.ts';
import { type Pipeline, type PipelineOptions, startPipeline } from './pipeline.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const recording = recordSpans({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
afterEach(() => {
  recording.clear();
  processBaggage.clear();
});

async function start(options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = await startPipeline(recording, options);
  onTestFinished(() => pipeline.close());
  return pipeline;
}

const traceOf = (name: string): string => recording.span(name).spanContext().traceId;

test('baggage of 1, 8 and 64 entries crosses HTTP, Kafka, RabbitMQ and Redis byte for byte, in one trace', async () => {
  const pipeline = await start();
  for (const count of [1, 8, 64]) {
    const entries = Array.from({ length: count }, (_, i) => [`key${i}`, `a b+c,ü${i}`] as const);
    // In a form that our own writer never produces: baggage that is not read is passed on byte for byte.
    const header = entries
      .map(([key, value]) => `${key} = ${encodeURIComponent(value).toLowerCase()};p=${key}`)
      .join(' , ');
    recording.clear();
    const arrived = await pipeline.send({ traceparent, baggage: header });
    expect([arrived.kafka, arrived.amqp, arrived.redis]).toEqual([header, header, header]);
    const all = Object.fromEntries(entries);
    expect(arrived.active).toEqual({ http: all, kafka: all, amqp: all, redis: all });
    const names = [
      `send ${pipeline.names.topic}`,
      `process ${pipeline.names.topic}`,
      `process ${pipeline.names.stream}`,
    ];
    expect(names.map(traceOf)).toEqual([traceId, traceId, traceId]);
  }
});

test('process-wide entries are added at the first hop, once', async () => {
  processBaggage.set('region', 'eu');
  const arrived = await (await start()).send({ traceparent, baggage: 'k = v' });
  expect([arrived.kafka, arrived.redis]).toEqual(['k = v,region=eu', 'k = v,region=eu']);
});

test('baggage policies apply at each hop and in each direction', async () => {
  const pipeline = await start({
    kafka: { baggage: { send: { deny: ['secret'] }, receive: { redact: ['card'] } } },
    amqp: { baggage: { send: { rename: { tenant: 'customer' } }, receive: { maxEntries: 2 } } },
    redis: { baggage: { send: { allow: ['customer'] }, receive: { spanAttributes: ['*'] } } },
  });
  const { kafka, amqp, redis, active } = await pipeline.send({
    traceparent,
    baggage: 'tenant=a,secret=s,card=1234,plan=pro',
  });
  expect(kafka).toBe('tenant=a,card=1234,plan=pro');
  expect(active.kafka).toEqual({ tenant: 'a', card: '[redacted]', plan: 'pro' });
  expect(amqp).toBe('customer=a,card=%5Bredacted%5D,plan=pro');
  expect(active.amqp).toEqual({ customer: 'a', card: '[redacted]' });
  expect(redis).toBe('customer=a');
  expect(recording.span(`process ${pipeline.names.stream}`).attributes).toMatchObject({ 'baggage.customer': 'a' });
});

test('trust settings apply at each hop: linked after Kafka, ignored after RabbitMQ', async () => {
  const pipeline = await start({ kafka: { trust: 'link' }, amqp: { trust: 'ignore' } });
  const { active } = await pipeline.send({ traceparent, baggage: 'tenant=a' });
  const { topic, queue, stream } = pipeline.names;
  expect(traceOf(`send ${topic}`)).toBe(traceId);
  const linked = recording.span(`process ${topic}`);
  expect(linked.spanContext().traceId).not.toBe(traceId);
  expect(linked.links.map((link) => link.context.traceId)).toEqual([traceId]);
  expect(active.kafka).toEqual({ tenant: 'a' });
  const ignored = recording.span(`process ${queue}`);
  expect(ignored.links).toEqual([]);
  expect(ignored.parentSpanContext).toBeUndefined();
  expect(active.amqp).toEqual({});
  expect(traceOf(`process ${stream}`)).toBe(ignored.spanContext().traceId);
});

test('an untrusted sender can neither force everything to be recorded nor make one trace grow without limit', async () => {
  const before = droppedHeaders();
  const pipeline = await start({ kafka: { trust: { sampled: 'ignore' } }, redis: { trust: { messagesPerTrace: 1 } } });
  const { topic, stream } = pipeline.names;
  await pipeline.send({ traceparent });
  expect(recording.spans().map((span) => span.name)).toContain(`send ${topic}`);
  expect(recording.spans().map((span) => span.name)).not.toContain(`process ${topic}`);
  await pipeline.send({ traceparent });
  const processed = recording.spans().filter((span) => span.name === `process ${stream}`);
  // The first is in the unsampled trace, the second starts its own.
  expect(processed).toHaveLength(1);
  expect(processed[0]!.spanContext().traceId).not.toBe(traceId);
  const after = droppedHeaders();
  expect(after['sampled-flag-ignored'] - before['sampled-flag-ignored']).toBe(2);
  expect(after['trace-too-large'] - before['trace-too-large']).toBe(1);
});

test('with 8 KiB of junk in every header, the message arrives without context', async () => {
  const pipeline = await start();
  const { active, redis } = await pipeline.send({
    traceparent: 'x'.repeat(4000),
    tracestate: ','.repeat(2000),
    baggage: ';=,'.repeat(2000),
  });
  expect([active.redis, redis]).toEqual([{}, ';=,'.repeat(64).slice(0, -1)]);
  expect(traceOf(`send ${pipeline.names.topic}`)).not.toBe(traceId);
});
