import { context, propagation, type TextMapPropagator, trace, type TracerProvider } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { connect } from 'amqplib';
import { getBaggage, tracingFaults, withBaggage } from 'mqtrace';
import { traceChannel, traceConnection, type TraceAmqplibOptions } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');
const traceId = '0af7651916cd43dd8448eb211c80319c';

/** Sends raw headers to a traced consumer; returns what its handler saw. */
async function consumed<T>(headers: object, options: TraceAmqplibOptions, look: () => T): Promise<[T, string]> {
  const connection = traceConnection(await connect(rabbit.url), {
    tracerProvider: recording.tracerProvider,
    ...options,
  });
  const channel = await connection.createChannel();
  const queue = await rabbit.queue();
  const seen = withResolvers<T>();
  await underSpan(recording, () => channel.consume(queue, () => seen.resolve(look()), { noAck: true }));
  rabbit.looker.sendToQueue(queue, body, { headers });
  const saw = await seen.promise;
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  await connection.close();
  return [saw, queue];
}

test.each<[string, TraceAmqplibOptions]>([
  ['link', { parenting: 'link' }],
  ['a function', { parenting: () => 'link' }],
])('parenting by %s: a new trace that links the message, with its baggage', async (_, options) => {
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, baggage: 'tenant=a' };
  const [tenant, queue] = await consumed(headers, options, () => getBaggage().getEntry('tenant')?.value);
  const span = recording.span(`process ${queue}`);
  expect(tenant).toBe('a');
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.spanContext().traceId).not.toBe(traceId);
  expect(linked(span)).toEqual([`${traceId}-b7ad6b7169203331`]);
});

test.each([
  ['03', '03'],
  ['02', '0[02]'],
  ['01', '01'],
  ['ff', '03'],
])('flags %s are sent on as %s: the random flag stays, unknown flags are cleared', async (given, passed) => {
  const next = await rabbit.queue();
  const forward = traceChannel(await rabbit.raw.createChannel(), { tracerProvider: recording.tracerProvider });
  await consumed({ traceparent: `00-${traceId}-b7ad6b7169203331-${given}` }, {}, () => forward.sendToQueue(next, body));
  const { headers } = (await rabbit.read(next)).properties;
  expect(headers?.['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-${passed}$`));
});

test('with the application’s own NodeTracerProvider and the stock propagators: the same trace, despite junk baggage', async () => {
  const provider = new NodeTracerProvider();
  const propagator = new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
  propagation.setGlobalPropagator(propagator);
  try {
    const junk = Array.from({ length: 200_000 }, (_, at) => `k${at}=%ff`)
      .join(',')
      .slice(0, 60_000);
    const ids = (): unknown => [trace.getSpanContext(context.active())?.traceId, getBaggage().getAllEntries().length];
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, baggage: junk };
    const [[seen, entries]] = (await consumed(headers, { tracerProvider: provider }, ids)) as [
      [string, number],
      string,
    ];
    expect(seen).toBe(traceId);
    expect(entries).toBeLessThan(1000);

    const queue = await rabbit.queue();
    await withBaggage({ tenant: 'a' }, () =>
      rabbit.traced.createChannel().then((channel) => channel.sendToQueue(queue, body)),
    );
    const read = await rabbit.read(queue);
    expect(read.properties.headers).toMatchObject({
      traceparent: expect.stringContaining(recording.span(`publish ${queue}`).spanContext().spanId) as string,
      baggage: 'tenant=a',
    });
  } finally {
    propagation.disable();
    await provider.shutdown();
  }
});

test.each<[string, TraceAmqplibOptions]>([
  ['a provider', { tracerProvider: failing() }],
  ['a propagator', { tracerProvider: recording.tracerProvider, propagator: broken() }],
])('%s that throws is counted, and the application is not affected', async (_, options) => {
  const before = tracingFaults();
  const channel = traceChannel(await rabbit.raw.createConfirmChannel(), options);
  const queue = await rabbit.queue();
  const got = withResolvers<string>();
  await channel.consume(queue, (message) => {
    channel.ack(message!);
    got.resolve(message!.content.toString());
  });
  const sent = { headers: { mine: 1 } };
  expect(channel.sendToQueue(queue, body, sent)).toBe(true);
  await channel.waitForConfirms();
  expect(await got.promise).toBe('hello');
  expect(tracingFaults()).toBeGreaterThan(before);
  await channel.close();
  expect(recording.open()).toEqual([]);
  expect(sent).toEqual({ headers: { mine: 1 } });
});

function failing(): TracerProvider {
  const startSpan = (): never => {
    throw new Error('tracer');
  };
  return { getTracer: () => ({ startSpan, startActiveSpan: startSpan }) };
}

function broken(): TextMapPropagator {
  const fail = (): never => {
    throw new Error('propagator');
  };
  return { inject: fail, extract: fail, fields: () => ['traceparent'] };
}

test.each([
  ['application/cloudevents+json', {}, false],
  ['application/cloudevents+json; charset=utf-8', { 'cloudEvents:specversion': '1.0', 'cloudEvents:id': '1' }, false],
  ['application/cloudevents-batch+json', { cloudEvents_specversion: '1.0' }, false],
  ['application/json', { 'cloudEvents:specversion': '1.0' }, true],
])('a CloudEvent of content type %s with headers %j: extension %s', async (contentType, attributes, binary) => {
  const options = { tracerProvider: recording.tracerProvider, cloudEvents: true };
  const channel = traceChannel(await rabbit.raw.createChannel(), options);
  const queue = await rabbit.queue();
  channel.sendToQueue(queue, body, { contentType, headers: attributes });
  const { headers = {} } = (await rabbit.read(queue)).properties;
  const extension = { 'cloudEvents:traceparent': expect.any(String) as string };
  expect(headers).toEqual({
    ...attributes,
    ...(binary && extension),
    traceparent: expect.any(String) as string,
    'mqtrace-sent-at': expect.any(String) as string,
  });

  // For a structured event, the extension in the headers is not read either.
  const journey = { 'cloudEvents:specversion': '1.0', 'cloudEvents:traceparent': `00-${traceId}-b7ad6b7169203331-01` };
  const seen = withResolvers<string | undefined>();
  await channel.consume(queue, () => seen.resolve(trace.getSpanContext(context.active())?.traceId), { noAck: true });
  rabbit.looker.sendToQueue(queue, body, { contentType, headers: journey });
  const got = await seen.promise;
  if (binary) expect(got).toBe(traceId);
  else expect(got).not.toBe(traceId);
  await channel.close();
});

test('a consumer passes the context on: one trace over two queues, one span each', async () => {
  const [first, second] = [await rabbit.queue(), await rabbit.queue()];
  const channel = await rabbit.traced.createChannel();
  const done = withResolvers<string | undefined>();
  await channel.consume(first, () => void channel.sendToQueue(second, body), { noAck: true });
  await channel.consume(second, () => done.resolve(getBaggage().getEntry('tenant')?.value), { noAck: true });
  withBaggage({ tenant: 'a' }, () => channel.sendToQueue(first, body));
  expect(await done.promise).toBe('a');
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  const spans = ['publish', 'process'].flatMap((name) => [first, second].map((queue) => `${name} ${queue}`));
  const [published, forwarded, processed, last] = spans.map((name) => recording.span(name));
  expect(new Set(recording.spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(idOf(processed!.parentSpanContext!)).toBe(idOf(published!));
  expect(idOf(forwarded!.parentSpanContext!)).toBe(idOf(processed!));
  expect(idOf(last!.parentSpanContext!)).toBe(idOf(forwarded!));
});
