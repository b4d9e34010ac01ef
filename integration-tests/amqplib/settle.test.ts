import { context, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { type Channel, connect, type ConsumeMessage } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { asyncHandler, callUntyped, useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');

/** A channel with this many messages delivered and none settled. */
async function delivered(count: number): Promise<{ channel: Channel; queue: string; messages: ConsumeMessage[] }> {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const messages: ConsumeMessage[] = [];
  const all = withResolvers<void>();
  await channel.consume(queue, (message) => {
    messages.push(message!);
    if (messages.length === count) all.resolve();
  });
  for (let sent = 0; sent < count; sent++) channel.sendToQueue(queue, body);
  await all.promise;
  return { channel, queue, messages };
}

test.each<[string, (channel: Channel, message: ConsumeMessage) => void, string]>([
  ['ack', (channel, message) => channel.ack(message), 'ack'],
  ['ack of a copy', (channel, message) => channel.ack({ ...message }), 'ack'],
  [
    'ack of a tag alone',
    (channel, { fields: { deliveryTag } }) => channel.ack({ fields: { deliveryTag } } as ConsumeMessage),
    'ack',
  ],
  ['nack', (channel, message) => channel.nack(message, false, false), 'nack'],
  ['reject', (channel, message) => channel.reject(message, false), 'reject'],
])('%s: a CLIENT span below the processing, which it ends', async (_, settle, name) => {
  const { channel, queue, messages } = await delivered(3);
  settle(channel, messages[1]!);
  const [span, process] = [recording.span(`${name} ${queue}`), recording.span(`process ${queue}`)];
  expect(recording.open()).toHaveLength(2);
  expect(process.attributes['rabbitmq.message.delivery_tag']).toBe(2);
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(idOf(span.parentSpanContext!)).toBe(idOf(process));
  expect(linked(span)).toEqual(linked(process));
  const { port, hostname } = new URL(rabbit.url);
  expect(span.attributes).toEqual({
    'messaging.system.name': 'rabbitmq',
    'messaging.operation.name': name,
    'messaging.operation.type': 'settle',
    'messaging.destination.name': queue,
    'rabbitmq.destination.routing_key': queue,
    'rabbitmq.message.delivery_tag': 2,
    'server.address': hostname,
    'server.port': Number(port),
    'network.peer.address': hostname,
    'network.peer.port': Number(port),
    ...(name !== 'ack' && { 'mqtrace.message.rejected': true }),
  });
  // The broker has accepted the settlement: the message is gone.
  await channel.close();
  await expect(rabbit.looker.checkQueue(queue)).resolves.toMatchObject({ messageCount: 2 });
  expect(recording.open()).toEqual([]);
});

test('allUpTo settles a message and all before it: one span with a link to each', async () => {
  const { channel, queue, messages } = await delivered(5);
  channel.ack(messages[0]!);
  recording.clear();
  channel.ack(messages[3]!, true);
  const span = recording.span(`ack ${queue}`);
  const processed = recording.spans().filter(({ name }) => name === `process ${queue}`);
  expect(processed.map(({ attributes }) => attributes['rabbitmq.message.delivery_tag'])).toEqual([2, 3, 4]);
  expect(linked(span)).toEqual(processed.flatMap(linked));
  expect(span.links.map(({ attributes }) => attributes?.['rabbitmq.message.delivery_tag'])).toEqual([2, 3, 4]);
  expect(span.attributes).toMatchObject({
    'messaging.batch.message_count': 3,
    'rabbitmq.message.delivery_tag': 4,
    'messaging.destination.name': queue,
  });
  expect(idOf(span.parentSpanContext!)).toBe(idOf(processed[2]!));
  expect(recording.open()).toHaveLength(1);
  await channel.close();
});

test.each<[string, (channel: Channel) => void, string]>([
  ['ackAll', (channel) => channel.ackAll(), 'ack'],
  ['nackAll', (channel) => channel.nackAll(false), 'nack'],
  ['tag 0 with all up to', (channel) => channel.ack({ fields: { deliveryTag: 0 } } as ConsumeMessage, true), 'ack'],
])('%s settles all outstanding messages', async (_, settle, name) => {
  const { channel, queue } = await delivered(3);
  settle(channel);
  expect(recording.open()).toEqual([]);
  expect(recording.span(`${name} ${queue}`).attributes['messaging.batch.message_count']).toBe(3);
  await channel.checkQueue(queue);
  await channel.close();
});

test.each<[string, (channel: Channel, message: ConsumeMessage) => void]>([
  ['ackAll', (channel) => channel.ackAll()],
  ['ack up to it', (channel, message) => channel.ack(message, true)],
  ['ack', (channel, message) => channel.ack(message)],
  [
    'ack of a tag alone',
    (channel, { fields: { deliveryTag } }) => channel.ack({ fields: { deliveryTag } } as ConsumeMessage),
  ],
])('%s with one message outstanding has its delivery tag, ids and routing key', async (_, settle) => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const arrived = withResolvers<ConsumeMessage>();
  await channel.consume(queue, (message) => {
    if (message!.fields.deliveryTag === 1) channel.ack(message!);
    else arrived.resolve(message!);
  });
  channel.sendToQueue(queue, body);
  channel.sendToQueue(queue, body, { correlationId: 'c-1', messageId: 'm-1' });
  const message = await arrived.promise;
  recording.clear();
  settle(channel, message);
  expect(recording.span(`ack ${queue}`).attributes).toMatchObject({
    'rabbitmq.message.delivery_tag': 2,
    'rabbitmq.destination.routing_key': queue,
    'messaging.message.id': 'm-1',
    'messaging.message.conversation_id': 'c-1',
  });
  await channel.close();
});

test('a redelivered message is recorded as redelivered, in a new span', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const twice = withResolvers<void>();
  await channel.consume(queue, (message) => {
    if (message!.fields.redelivered) {
      channel.ack(message!);
      twice.resolve();
    } else {
      channel.nack(message!);
    }
  });
  channel.sendToQueue(queue, body);
  await twice.promise;
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  const processed = recording.spans().filter(({ name }) => name === `process ${queue}`);
  expect(processed.map(({ attributes }) => attributes['mqtrace.message.redelivered'])).toEqual([undefined, true]);
  expect(new Set(processed.flatMap(linked)).size).toBe(1);
});

test('a message that returns through a dead-letter exchange records its delivery attempt', async () => {
  const channel = await rabbit.traced.createChannel();
  const [work, wait] = [uniqueName('work'), uniqueName('wait')];
  const back = (to: string) => ({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': to });
  await rabbit.queue({ name: work, arguments: back(wait) });
  await rabbit.queue({ name: wait, arguments: back(work), messageTtl: 1 });
  const third = withResolvers<void>();
  let attempts = 0;
  await channel.consume(work, (message) => {
    if (++attempts < 3) return channel.reject(message!, false);
    channel.ack(message!);
    third.resolve();
  });
  channel.sendToQueue(work, body);
  await third.promise;
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  const processed = recording.spans().filter(({ name }) => name === `process ${work}`);
  expect(processed.map(({ attributes }) => attributes['mqtrace.message.delivery_attempt'])).toEqual([undefined, 2, 3]);
  expect(processed.map(({ attributes }) => attributes['mqtrace.message.dead_lettered'])).toEqual([
    undefined,
    true,
    true,
  ]);
  expect(new Set(processed.flatMap(linked)).size).toBe(1);
});

test('a settlement after which the message is not delivered again says so', async () => {
  const { channel, queue, messages } = await delivered(6);
  channel.ack(messages[0]!);
  channel.nack(messages[1]!, false, false);
  channel.reject(messages[2]!, false);
  channel.nack(messages[4]!, true, 0 as unknown as boolean);
  channel.nackAll(false);
  const settled = recording.spans().filter(({ kind }) => kind === SpanKind.CLIENT);
  expect(settled.map(({ name, attributes }) => [name, attributes['mqtrace.message.rejected']])).toEqual([
    [`ack ${queue}`, undefined],
    [`nack ${queue}`, true],
    [`reject ${queue}`, true],
    [`nack ${queue}`, true],
    [`nack ${queue}`, true],
  ]);
  channel.sendToQueue(queue, body);
  await vi.waitFor(() => expect(messages).toHaveLength(7));
  recording.clear();
  channel.nack(messages[6]!);
  expect(recording.span(`nack ${queue}`).attributes).not.toHaveProperty('mqtrace.message.rejected');
  await channel.close();
});

test('many messages, acked in reverse order: each has its own span, and each span ends', async () => {
  const { channel, queue, messages } = await delivered(500);
  for (const message of messages.toReversed()) channel.ack(message);
  expect(recording.open()).toEqual([]);
  const acked = recording.spans().filter(({ name }) => name === `ack ${queue}`);
  expect(acked.map(({ attributes }) => attributes['rabbitmq.message.delivery_tag'])).toEqual(
    messages.map(({ fields }) => fields.deliveryTag).toReversed(),
  );
  await channel.close();
});

test('recover() returns unsettled messages to the queue: their spans end, and they are delivered again', async () => {
  const { channel, messages } = await delivered(2);
  await channel.recover();
  await vi.waitFor(() => expect(messages).toHaveLength(4));
  expect(recording.open()).toHaveLength(2);
  for (const message of messages.slice(2)) channel.ack(message);
  expect(recording.open()).toEqual([]);
  await channel.close();
});

test('an unknown delivery tag: the span records it, and the open spans fail when the broker closes the channel', async () => {
  const { channel, queue } = await delivered(1);
  const error = withResolvers<Error>();
  channel.on('error', error.resolve);
  channel.ack({ fields: { deliveryTag: 99 } } as ConsumeMessage);
  expect(recording.span('ack').attributes['rabbitmq.message.delivery_tag']).toBe(99);
  expect(recording.open()).toEqual([`process ${queue}`]);
  expect(await error.promise).toMatchObject({ code: 406 });
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  expect(recording.span(`process ${queue}`)).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': '406' },
  });
});

test('on a closed channel ack throws the raw client’s error synchronously, and its span fails', async () => {
  const { channel, messages, queue } = await delivered(1);
  await channel.close();
  expect(recording.open()).toEqual([]);
  expect(recording.span(`process ${queue}`).status.code).toBe(SpanStatusCode.UNSET);
  expect(() => channel.ack(messages[0]!)).toThrow('Channel closed');
  expect(recording.span(`ack ${queue}`).attributes['error.type']).toBe('IllegalOperationError');
  // No state of a closed channel is kept.
  expect(linked(recording.span(`ack ${queue}`))).toEqual([]);
  expect(() => callUntyped(channel, 'ack', [])).toThrow(TypeError);
});

test('when the connection ends, the open spans of its channels end', async () => {
  const connection = traceConnection(await connect(rabbit.url), { tracerProvider: recording.tracerProvider });
  const channel = await connection.createConfirmChannel();
  const queue = await rabbit.queue();
  const arrived = withResolvers<void>();
  const never = asyncHandler(() => {
    arrived.resolve();
    return new Promise(() => {});
  });
  await channel.consume(queue, never);
  rabbit.looker.sendToQueue(queue, body);
  await arrived.promise;
  expect(recording.open()).toEqual([`process ${queue}`]);
  await connection.close();
  expect(recording.open()).toEqual([]);
});

test('a settlement of an unprocessed message, outside a handler, is a child of the active span', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  channel.sendToQueue(queue, body);
  await vi.waitFor(async () => expect((await channel.checkQueue(queue)).messageCount).toBe(1));
  const app = await underSpan(recording, async (span) => {
    const message = await channel.get(queue);
    if (message) channel.ack(message);
    return span;
  });
  expect(recording.span(`ack ${queue}`).parentSpanContext?.spanId).toBe(app.spanId);
  expect(linked(recording.span(`ack ${queue}`))).toEqual([idOf(recording.span(`publish ${queue}`))]);
});

test('with tracing suppressed a settlement creates no span, but still ends the process span', async () => {
  const { channel, messages, queue } = await delivered(1);
  context.with(suppressTracing(context.active()), () => channel.ack(messages[0]!));
  expect(recording.spans().map(({ name }) => name)).toEqual([`publish ${queue}`, `process ${queue}`]);
  expect(recording.open()).toEqual([]);
});
