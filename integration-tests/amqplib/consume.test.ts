import { AsyncLocalStorage } from 'node:async_hooks';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { connect, type ConsumeMessage } from 'amqplib';
import { getBaggage, withBaggage } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { asyncHandler, useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');
const ended = (name: string): Promise<ReturnType<typeof recording.span>> => vi.waitFor(() => recording.span(name));
const tenant = (): string | undefined => getBaggage().getEntry('tenant')?.value;
const activeSpan = (): string | undefined => trace.getSpanContext(context.active())?.spanId;

test('an async handler: a CONSUMER span in the producer’s trace, open until the promise settles, baggage active', async () => {
  const channel = await rabbit.traced.createChannel();
  const [exchange, queue] = [await rabbit.exchange('topic'), await rabbit.queue()];
  await channel.bindQueue(queue, exchange, '#');
  withBaggage({ tenant: 'a' }, () =>
    channel.publish(exchange, 'order.new', body, { messageId: 'm-1', correlationId: 'c-1' }),
  );
  const [gate, seen] = [withResolvers<void>(), withResolvers<unknown[]>()];
  const handler = asyncHandler(async (message) => {
    channel.ack(message);
    await new Promise(setImmediate);
    seen.resolve([tenant(), activeSpan(), message]);
    await gate.promise;
  });
  await channel.consume(queue, handler);
  const [baggage, active, message] = await seen.promise;
  const name = `process ${exchange}:order.new:${queue}`;
  expect(recording.open()).toEqual([name]);
  gate.resolve();
  const [span, publish] = [await ended(name), recording.span(`publish ${exchange}:order.new`)];

  expect(baggage).toBe('a');
  expect(active).toBe(span.spanContext().spanId);
  expect(Object.keys(message as object)).toEqual(['fields', 'properties', 'content']);
  expect(span.kind).toBe(SpanKind.CONSUMER);
  expect(idOf(span.parentSpanContext!)).toBe(idOf(publish));
  expect(linked(span)).toEqual([idOf(publish)]);
  expect(span.status.code).toBe(SpanStatusCode.UNSET);
  const { port, hostname } = new URL(rabbit.url);
  const { 'mqtrace.message.age': age, ...attributes } = span.attributes;
  expect(age).toBeGreaterThanOrEqual(0);
  expect(age).toBeLessThan(60);
  expect(attributes).toEqual({
    'messaging.system.name': 'rabbitmq',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': `${exchange}:order.new:${queue}`,
    'rabbitmq.destination.routing_key': 'order.new',
    'rabbitmq.message.delivery_tag': 1,
    'messaging.message.id': 'm-1',
    'messaging.message.conversation_id': 'c-1',
    'server.address': hostname,
    'server.port': Number(port),
  });
});

test('a handler without a promise: the span lasts until the later ack', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const arrived = withResolvers<ConsumeMessage>();
  await channel.consume(queue, (message) => arrived.resolve(message!));
  channel.sendToQueue(queue, body);
  const message = await arrived.promise;
  expect(recording.open()).toEqual([`process ${queue}`]);
  channel.ack(message);
  expect(recording.open()).toEqual([]);
  expect(recording.span(`ack ${queue}`).parentSpanContext?.spanId).toBe(
    recording.span(`process ${queue}`).spanContext().spanId,
  );
});

test('an ack within the handler does not end the span before the handler returns', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const arrived = withResolvers<string[]>();
  await channel.consume(queue, (message) => {
    channel.ack(message!);
    arrived.resolve(recording.open());
  });
  channel.sendToQueue(queue, body);
  expect(await arrived.promise).toEqual([`process ${queue}`]);
  expect(recording.open()).toEqual([]);
  expect(recording.span(`process ${queue}`).status.code).toBe(SpanStatusCode.UNSET);
});

test('with noAck the span ends when the handler returns, or when its promise settles', async () => {
  const channel = await rabbit.traced.createChannel();
  const [queue, slow] = [await rabbit.queue(), await rabbit.queue()];
  const [arrived, gate] = [withResolvers<void>(), withResolvers<void>()];
  await channel.consume(queue, () => arrived.resolve(), { noAck: true });
  await channel.consume(
    slow,
    asyncHandler(() => gate.promise),
    { noAck: true },
  );
  channel.sendToQueue(queue, body);
  channel.sendToQueue(slow, body);
  await arrived.promise;
  await vi.waitFor(() => expect(recording.open()).toEqual([`process ${slow}`]));
  expect(recording.span(`process ${queue}`).status.code).toBe(SpanStatusCode.UNSET);
  gate.resolve();
  await ended(`process ${slow}`);
});

test('handlers run only in the message’s context, whatever was active at connect, at consume or in the previous handler', async () => {
  const own = new AsyncLocalStorage<string>();
  const seen = withResolvers<unknown[]>();
  await underSpan(recording, () =>
    withBaggage({ tenant: 'leak' }, () =>
      own.run('mine', async () => {
        const connection = traceConnection(await connect(rabbit.url), { tracerProvider: recording.tracerProvider });
        const channel = await connection.createChannel();
        const queue = await rabbit.queue();
        await channel.consume(queue, (message) => seen.resolve([message, tenant(), activeSpan(), own.getStore()]), {
          noAck: true,
        });
        rabbit.looker.sendToQueue(queue, body);
        await seen.promise;
        await connection.close();
        const span = await ended(`process ${queue}`);
        expect(span.parentSpanContext).toBeUndefined();
        expect(span.links).toEqual([]);
        // The application's own AsyncLocalStorage has the same value as without tracing.
        expect(await seen.promise).toEqual([expect.anything(), undefined, span.spanContext().spanId, 'mine']);
      }),
    ),
  );
});

test('when the broker cancels the consumer, the handler gets null without a span and without a leaked context', async () => {
  const seen = withResolvers<unknown[]>();
  await underSpan(recording, async () => {
    const connection = traceConnection(await connect(rabbit.url), { tracerProvider: recording.tracerProvider });
    const channel = await connection.createChannel();
    const queue = await rabbit.queue();
    await channel.consume(queue, (message) => seen.resolve([message, activeSpan()]));
    await channel.deleteQueue(queue);
    expect(await seen.promise).toEqual([null, undefined]);
    await connection.close();
  });
  expect(recording.spans().map((span) => span.name)).toEqual(['application']);
});

test('each consumer of a channel records its own queue, and prefetch is respected', async () => {
  const channel = await rabbit.traced.createChannel();
  await channel.prefetch(1);
  const queues = [await rabbit.queue(), await rabbit.queue()];
  const arrived: ConsumeMessage[] = [];
  for (const queue of queues) {
    await channel.consume(queue, (message) => void arrived.push(message!));
    for (let sent = 0; sent < 3; sent++) channel.sendToQueue(queue, body);
  }
  for (let settled = 0; settled < 6; settled++) {
    await vi.waitFor(() => expect(arrived.length).toBeGreaterThan(settled));
    expect(arrived.length - settled).toBeLessThanOrEqual(2);
    channel.ack(arrived[settled]!);
  }
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  for (const queue of queues) {
    const names = recording.spans().map((span) => span.name);
    expect(names.filter((name) => name === `process ${queue}`)).toHaveLength(3);
  }
});

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
test.each<[string, object | undefined, string | undefined]>([
  ['no headers', undefined, undefined],
  ['foreign headers', { 'x-other': 1, table: { a: [1] } }, undefined],
  ['a malformed traceparent', { traceparent: '00-zz-zz-01', tracestate: 'a=1' }, undefined],
  ['a traceparent that is a table', { traceparent: { a: 1 } }, undefined],
  ['a traceparent that is a number', { traceparent: 7 }, undefined],
  ['a traceparent in bytes', { traceparent: Buffer.from(traceparent) }, traceId],
  ['a repeated traceparent', { traceparent: ['junk', traceparent] }, traceId],
  ['a traceparent in another spelling', { TraceParent: traceparent }, traceId],
])('%s: the message is processed, in the trace it carries or a new one', async (_, headers, expected) => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const arrived = withResolvers<ConsumeMessage>();
  await channel.consume(queue, (message) => arrived.resolve(message!), { noAck: true });
  rabbit.looker.sendToQueue(queue, body, { headers });
  const message = await arrived.promise;
  expect(message.properties.headers).toEqual(headers ?? {});
  const span = await ended(`process ${queue}`);
  if (expected === undefined) expect(span.parentSpanContext).toBeUndefined();
  else expect(span.spanContext().traceId).toBe(expected);
  expect(span.links).toHaveLength(expected === undefined ? 0 : 1);
});

test('baggage without traceparent: a new trace with that baggage', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const seen = withResolvers<string | undefined>();
  await channel.consume(queue, () => seen.resolve(tenant()), { noAck: true });
  rabbit.looker.sendToQueue(queue, body, { headers: { baggage: 'tenant=a' } });
  expect(await seen.promise).toBe('a');
  expect((await ended(`process ${queue}`)).parentSpanContext).toBeUndefined();
});
