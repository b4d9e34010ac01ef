import { context, propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { connect } from 'amqplib';
import { withBaggage } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { deepFreeze, uniqueName } from '../../test-support/inputs.ts';
import { underSpan } from '../../test-support/spans.ts';
import { callUntyped, useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');

test('publish to an exchange: a PRODUCER span with its context in the headers; the rest of the message is unchanged', async () => {
  const channel = await rabbit.traced.createChannel();
  const [exchange, queue] = [await rabbit.exchange('topic'), await rabbit.queue()];
  await channel.bindQueue(queue, exchange, '#');
  const options = {
    messageId: 'm-1',
    correlationId: 'c-1',
    contentType: 'text/plain',
    persistent: true,
    expiration: 60_000,
    priority: 3,
    headers: { tenant: 'a', list: [1, 'two'], table: { deep: { er: true } }, bytes: Buffer.from([0, 255]), none: null },
  };
  const before = Date.now();
  const returned = withBaggage({ 'tenant.id': 'a b' }, () => channel.publish(exchange, 'order.new', body, options));
  const span = recording.span(`publish ${exchange}:order.new`);
  const read = await rabbit.read(queue);

  expect(returned).toBe(true);
  expect(read.content).toEqual(body);
  expect(read.fields).toMatchObject({ exchange, routingKey: 'order.new' });
  expect(read.properties).toMatchObject({
    messageId: 'm-1',
    correlationId: 'c-1',
    contentType: 'text/plain',
    deliveryMode: 2,
    expiration: '60000',
    priority: 3,
  });
  const { traceparent, baggage, 'mqtrace-sent-at': sentAt, ...own } = read.properties.headers ?? {};
  expect(own).toEqual(options.headers);
  expect(traceparent).toMatch(new RegExp(`^00-${span.spanContext().traceId}-${span.spanContext().spanId}-0[13]$`));
  expect(baggage).toBe('tenant.id=a%20b');
  expect(typeof sentAt).toBe('string');
  expect(Number(sentAt)).toBeGreaterThanOrEqual(before);
  expect(span.kind).toBe(SpanKind.PRODUCER);
  expect(span.status.code).toBe(SpanStatusCode.UNSET);
  const { port, hostname } = new URL(rabbit.url);
  expect(span.attributes).toEqual({
    'messaging.system.name': 'rabbitmq',
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': `${exchange}:order.new`,
    'rabbitmq.destination.routing_key': 'order.new',
    'messaging.message.id': 'm-1',
    'messaging.message.conversation_id': 'c-1',
    'server.address': hostname,
    'server.port': Number(port),
    'network.peer.address': hostname,
    'network.peer.port': Number(port),
  });
});

test('sendToQueue creates one span, named after the queue, a child of the active span', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const parent = await underSpan(recording, (app) => {
    channel.sendToQueue(queue, body);
    return app;
  });
  expect(recording.span(`publish ${queue}`).parentSpanContext?.spanId).toBe(parent.spanId);
  expect(recording.spans().map((span) => span.name)).toEqual([`publish ${queue}`, 'application']);
  expect((await rabbit.read(queue)).properties.headers).toHaveProperty('traceparent');
});

test('a queue named by the broker is anonymous: its name is in the attribute, not in the span name', async () => {
  const channel = await rabbit.traced.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  channel.sendToQueue(queue, body);
  expect(recording.span('publish').attributes).toMatchObject({
    'messaging.destination.name': queue,
    'messaging.destination.anonymous': true,
  });
});

test('an exclusive queue is temporary for its connection until it is deleted; a rejected declaration does not count', async () => {
  const [channel, other] = [await rabbit.traced.createChannel(), await rabbit.traced.createChannel()];
  const name = uniqueName('q');
  const seen = withResolvers<void>();
  const declared = channel.assertQueue(name, { exclusive: true });
  channel.sendToQueue(name, body);
  await declared;
  await other.consume(name, () => seen.resolve(), { noAck: true });
  await seen.promise;
  await vi.waitFor(() => expect(recording.spans().map((span) => span.name)).toEqual(['publish', 'process']));
  for (const { attributes } of recording.spans()) {
    expect(attributes).toMatchObject({ 'messaging.destination.name': name, 'messaging.destination.temporary': true });
    expect(attributes).not.toHaveProperty('messaging.destination.anonymous');
  }
  await channel.deleteQueue(name);
  await channel.assertQueue(name, { durable: false, expires: 60_000 });
  channel.sendToQueue(name, body);
  expect(recording.span(`publish ${name}`).attributes).not.toHaveProperty('messaging.destination.temporary');

  const closed = await rabbit.traced.createChannel();
  closed.on('error', () => {});
  await expect(closed.assertQueue(name, { exclusive: true })).rejects.toThrow('RESOURCE_LOCKED');
  recording.clear();
  channel.sendToQueue(name, body);
  expect(recording.span(`publish ${name}`).attributes).not.toHaveProperty('messaging.destination.temporary');
});

test('headers in a Map are sent as amqplib sends them, with the trace headers', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const headers = new Map([['mine', 'x']]);
  rabbit.looker.sendToQueue(queue, body, { headers });
  // The order of messages of two connections is not defined.
  const raw = await rabbit.read(queue);
  channel.sendToQueue(queue, body, { headers });
  const traced = await rabbit.read(queue);
  const { traceparent, 'mqtrace-sent-at': sentAt, ...rest } = traced.properties.headers ?? {};
  expect(rest).toEqual({ ...raw.properties.headers });
  expect([typeof traceparent, typeof sentAt]).toEqual(['string', 'string']);
  expect([...headers]).toEqual([['mine', 'x']]);
});

test('frozen and reused options and headers stay unchanged, and nothing of the first message is in the second', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const options = deepFreeze({ messageId: 'm', headers: { mine: 'x', nested: { a: [1] } } });
  withBaggage({ tenant: 'A' }, () => channel.sendToQueue(queue, body, options));
  channel.sendToQueue(queue, body, options);
  const [first, second] = [await rabbit.read(queue), await rabbit.read(queue)];
  expect(options).toEqual({ messageId: 'm', headers: { mine: 'x', nested: { a: [1] } } });
  expect(first.properties.headers).toMatchObject({ mine: 'x', baggage: 'tenant=A' });
  expect(second.properties.headers).not.toHaveProperty('baggage');
  expect(second.properties.headers?.['traceparent']).not.toBe(first.properties.headers?.['traceparent']);
});

test('a message forwarded with its headers gets its own context, also if these are spelled differently', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  channel.sendToQueue(queue, body, {
    headers: { Traceparent: traceparent, tracestate: 'a=1', Baggage: 'old=1', 'Mqtrace-Sent-At': '1', mine: 'x' },
  });
  const { headers } = (await rabbit.read(queue)).properties;
  expect(Object.keys(headers ?? {}).toSorted()).toEqual(['mine', 'mqtrace-sent-at', 'traceparent']);
  expect(headers?.['traceparent']).toContain(recording.span(`publish ${queue}`).spanContext().spanId);
});

test('with tracing suppressed there is no span, and the message is unchanged', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  context.with(suppressTracing(context.active()), () => channel.sendToQueue(queue, body, { headers: { mine: 1 } }));
  expect((await rabbit.read(queue)).properties.headers).toEqual({ mine: 1 });
  expect(recording.spans()).toEqual([]);
});

test('all kinds of options reach the client as without tracing: accessors, inherited headers, CC and BCC', async () => {
  class Options {
    readonly #id = 'private';
    get messageId(): string {
      return this.#id;
    }
    get headers(): object {
      return Object.create({ inherited: 'yes' }, { own: { value: 'yes', enumerable: true } });
    }
  }
  const [traced, raw] = [await rabbit.traced.createChannel(), await rabbit.raw.createChannel()];
  const [queue, copy, blind] = [await rabbit.queue(), await rabbit.queue(), await rabbit.queue()];
  const send = (channel: typeof raw): void => {
    channel.sendToQueue(queue, body, new Options());
    channel.sendToQueue(queue, body, { CC: copy, BCC: [blind] });
  };
  const readAll = async (): Promise<unknown[]> => {
    const all = [await rabbit.read(queue), await rabbit.read(queue), await rabbit.read(copy), await rabbit.read(blind)];
    return all.map(({ properties: { headers, ...properties } }) => {
      const { traceparent: _, 'mqtrace-sent-at': __, ...own } = headers ?? {};
      return [properties, own];
    });
  };
  send(raw);
  const expected = await readAll();
  send(traced);
  expect(await readAll()).toEqual(expected);
});

test('back pressure is reported as by the raw client', async () => {
  const queue = await rabbit.queue();
  const press = async (connection: typeof rabbit.raw): Promise<boolean[]> => {
    const channel = await connection.createChannel({ highWaterMark: 4 });
    const results = Array.from({ length: 8 }, () => channel.sendToQueue(queue, body));
    await new Promise((resolve) => channel.once('drain', resolve));
    await channel.close();
    return results;
  };
  const raw = await press(rabbit.raw);
  expect(raw).toContain(false);
  expect(await press(rabbit.traced)).toEqual(raw);
});

test.each<[string, unknown[]]>([
  ['content that is not a Buffer', ['', 'q', 'text']],
  ['headers that are a string', ['', 'q', body, { headers: 'text' }]],
  ['a message id that is a number', ['', 'q', body, { messageId: 7 }]],
  ['a header that cannot be encoded', ['', 'q', body, { headers: { fn: () => 0 } }]],
])('%s: the client throws the raw client’s error synchronously', async (_, args) => {
  const [raw, traced] = [await rabbit.raw.createChannel(), await rabbit.traced.createChannel()];
  const thrownBy = (channel: typeof raw): unknown => {
    try {
      return callUntyped(channel, 'publish', args);
    } catch (error) {
      return error;
    }
  };
  expect(thrownBy(raw)).toBeInstanceOf(Error);
  expect(thrownBy(traced)).toEqual(thrownBy(raw));
  expect(recording.span('publish q').status.code).toBe(SpanStatusCode.ERROR);
});

test('on a closed channel publish throws synchronously, and its span fails', async () => {
  const channel = await rabbit.traced.createChannel();
  await channel.close();
  expect(() => channel.sendToQueue('q', body)).toThrow('Channel closed');
  expect(recording.span('publish q').attributes['error.type']).toBe('IllegalOperationError');
});

test('an unroutable message is returned as with the raw client', async () => {
  const channel = await rabbit.traced.createChannel();
  const returned = new Promise((resolve) => channel.once('return', resolve));
  channel.publish('', 'no-consumer', body, { mandatory: true, headers: { mine: 'x' } });
  expect(await returned).toMatchObject({ fields: { replyText: 'NO_ROUTE' }, properties: { headers: { mine: 'x' } } });
});

test('keeping an existing context creates a CLIENT span that links it, and the message is unchanged', async () => {
  const connection = traceConnection(await connect(rabbit.url), {
    tracerProvider: recording.tracerProvider,
    existingContext: 'keep',
  });
  const channel = await connection.createChannel();
  const queue = await rabbit.queue();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  channel.sendToQueue(queue, body, { headers: { traceparent } });
  expect((await rabbit.read(queue)).properties.headers).toEqual({ traceparent });
  const span = recording.span(`publish ${queue}`);
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(span.links.map((link) => link.context.spanId)).toEqual(['b7ad6b7169203331']);
  await connection.close();
});

test('baggage is sent without a span', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const baggage = propagation.createBaggage({ k: { value: 'v' } });
  context.with(propagation.setBaggage(context.active(), baggage), () => channel.sendToQueue(queue, body));
  expect((await rabbit.read(queue)).properties.headers).toMatchObject({ baggage: 'k=v' });
});
