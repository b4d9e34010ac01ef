import { inspect, promisify } from 'node:util';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Channel, connect, type Connection, type ConsumeMessage, type GetMessage } from 'amqplib/callback_api';
import { getBaggage, withBaggage } from 'mqtrace';
import { processMessage, traceChannel, traceConnection } from 'mqtrace/amqplib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { channelOf, confirmChannelOf, reply } from './callback-clients.ts';
import { asyncHandler, useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const options = { tracerProvider: recording.tracerProvider };
const body = Buffer.from('hello');
const activeSpan = (): string | undefined => trace.getSpanContext(context.active())?.spanId;
const tenant = (): string | undefined => getBaggage().getEntry('tenant')?.value;

let raw: Connection;
let traced: Connection;

/** A connection opened within a span and baggage, which must not be active in any callback. */
async function open(): Promise<Connection> {
  return withBaggage({ tenant: 'leak' }, () =>
    underSpan(recording, () => promisify<string, Connection>(connect)(rabbit.url)),
  );
}

beforeAll(async () => {
  raw = await open();
  traced = traceConnection(await open(), options);
  recording.clear();
});
afterAll(async () => {
  for (const connection of [raw, traced]) await new Promise<void>((done) => connection.close(() => done()));
});

test('createChannel returns the channel immediately and passes it to the callback; the channel looks unchanged', async () => {
  const given = withResolvers<[unknown, Channel]>();
  const returned: unknown = traced.createChannel((...args) => given.resolve(args));
  const [error, channel] = await given.promise;
  expect(error).toBeNull();
  expect(channel).toBe(returned);
  const other = await channelOf(raw);
  expect(Object.keys(channel)).toEqual(Object.keys(other));
  expect(inspect(channel, { depth: 0 })).toBe(inspect(other, { depth: 0 }));
  for (const event of [...other.eventNames(), 'error', 'close']) {
    expect(channel.listenerCount(event)).toBe(other.listenerCount(event));
  }
  for (const method of ['publish', 'consume', 'get', 'ack', 'assertQueue', 'checkQueue', 'close', 'recover'] as const) {
    expect([channel[method].name, channel[method].length]).toEqual([other[method].name, other[method].length]);
  }
});

test('calls on a channel that is not open yet are traced', async () => {
  const queue = await rabbit.queue();
  const given = withResolvers<GetMessage | false>();
  const channel = traced.createChannel({}, () => {});
  rabbit.looker.sendToQueue(queue, body);
  await vi.waitFor(async () => expect((await rabbit.looker.checkQueue(queue)).messageCount).toBe(1));
  channel.get(queue, { noAck: true }, (_, message) => given.resolve(message));
  expect(await given.promise).toHaveProperty('content', body);
  expect(recording.span(`get ${queue}`).kind).toBe(SpanKind.CLIENT);
});

test('every callback runs in the context of its call, with the same arguments and `this` as without tracing', async () => {
  const [exchange, other, queue] = [uniqueName('x'), uniqueName('x'), uniqueName('q')];
  const calls: [string, unknown[]][] = [
    ['assertQueue', [queue, { durable: false, exclusive: true }]],
    ['checkQueue', [queue]],
    ['assertExchange', [exchange, 'fanout', { durable: false }]],
    ['assertExchange', [other, 'fanout', { durable: false }]],
    ['checkExchange', [exchange]],
    ['bindQueue', [queue, exchange, '', {}]],
    ['unbindQueue', [queue, exchange, '', {}]],
    ['bindQueue', [queue, exchange, '', {}]],
    ['bindExchange', [exchange, other, '', {}]],
    ['unbindExchange', [exchange, other, '', {}]],
    ['bindExchange', [exchange, other, '', {}]],
    ['prefetch', [10, false]],
    ['purgeQueue', [queue]],
    ['consume', [queue, () => {}, { consumerTag: 'mine' }]],
    ['cancel', ['mine']],
    ['get', [queue, {}]],
    ['recover', []],
    ['deleteQueue', [queue, {}]],
    ['deleteExchange', [exchange, {}]],
    ['deleteExchange', [other, {}]],
    ['waitForConfirms', []],
    ['close', []],
  ];
  const results: unknown[][] = [];
  for (const connection of [raw, traced]) {
    const confirming = await confirmChannelOf(connection);
    confirming.on('error', () => {});
    const channel = confirming as unknown as Record<string, (...args: unknown[]) => unknown>;
    const seen: unknown[] = [];
    for (const [method, args] of calls) {
      const app = await underSpan(recording, async (span) => {
        const called = withResolvers<unknown[]>();
        const returned = channel[method]!(...args, function callback(this: unknown, ...given: unknown[]) {
          called.resolve([given, activeSpan(), tenant(), this === undefined]);
        });
        const [given, active, baggage, noThis] = await called.promise;
        seen.push([method, given, baggage, noThis, returned === channel]);
        if (connection === traced) expect([method, active]).toEqual([method, span.spanId]);
        return span;
      });
      expect(app).toBeDefined();
    }
    results.push(seen);
  }
  // Without tracing, callbacks run in the context in which the connection was opened.
  const withoutBaggage = results.map((seen) => seen.map((one) => (one as unknown[]).toSpliced(2, 1)));
  expect(withoutBaggage[1]).toEqual(withoutBaggage[0]);
  expect((results[1] as unknown[][]).map(([, , baggage]) => baggage)).toEqual(calls.map(() => undefined));
  expect(recording.open()).toEqual([]);
});

test('calls without a callback behave as with the raw client', async () => {
  const channel = await channelOf(traced);
  const queue = uniqueName('q');
  const consumed = withResolvers<ConsumeMessage>();
  channel.assertQueue(queue, { exclusive: true });
  channel.recover();
  channel.consume(queue, (message) => consumed.resolve(message!));
  channel.sendToQueue(queue, body);
  const message = await consumed.promise;
  expect(channel.ack(message)).toBe(channel);
  expect(recording.spans().map(({ name }) => name)).toEqual(['publish', 'ack', 'process']);
  for (const span of recording.spans()) {
    expect(span.attributes).toMatchObject({
      'messaging.destination.name': queue,
      'messaging.destination.temporary': true,
    });
  }
  await reply((done) => channel.close(done));
});

test('consume: a CONSUMER span in the producer’s trace, open until the promise settles; only the message’s context is active', async () => {
  const channel = await channelOf(traced);
  const queue = await rabbit.queue();
  const [gate, seen] = [withResolvers<void>(), withResolvers<unknown[]>()];
  const handler = asyncHandler(async (message) => {
    channel.ack(message);
    await new Promise(setImmediate);
    seen.resolve([tenant(), activeSpan()]);
    await gate.promise;
  });
  const reply = withResolvers<unknown>();
  await underSpan(recording, () => channel.consume(queue, handler, {}, (...args) => reply.resolve(args)));
  expect(await reply.promise).toEqual([null, { consumerTag: expect.any(String) as string }]);
  withBaggage({ tenant: 'a' }, () => channel.sendToQueue(queue, body));
  const [baggage, active] = await seen.promise;
  expect(recording.open()).toEqual([`process ${queue}`]);
  gate.resolve();
  const span = await vi.waitFor(() => recording.span(`process ${queue}`));
  expect([baggage, active]).toEqual(['a', span.spanContext().spanId]);
  expect(idOf(span.parentSpanContext!)).toBe(idOf(recording.span(`publish ${queue}`)));
  expect(recording.span(`ack ${queue}`).parentSpanContext?.spanId).toBe(span.spanContext().spanId);
});

test('get: a CLIENT span below the caller’s span; its callback gets the message, false or the client’s error', async () => {
  const queue = await rabbit.queue();
  const results: unknown[] = [];
  for (const connection of [raw, traced]) {
    const channel = await channelOf(connection);
    channel.on('error', () => {});
    const empty = await reply((done) => channel.get(queue, {}, done));
    rabbit.looker.sendToQueue(queue, body, { correlationId: 'c-1' });
    await vi.waitFor(async () => expect((await rabbit.looker.checkQueue(queue)).messageCount).toBe(1));
    const message = await reply<GetMessage | false>((done) => channel.get(queue, {}, done));
    if (message) processMessage(message, () => channel.ack(message));
    const error = await failure(() => reply((done) => channel.get('no-such-queue', {}, done)));
    results.push([empty, message, error]);
  }
  expect(results[1]).toEqual(results[0]);
  const [get, failed] = [recording.span(`get ${queue}`), recording.span('get no-such-queue')];
  expect(get.attributes['messaging.message.conversation_id']).toBe('c-1');
  expect(failed).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '404' } });
  expect(recording.span(`ack ${queue}`).parentSpanContext?.spanId).toBe(
    recording
      .spans()
      .findLast(({ name }) => name === `process ${queue}`)
      ?.spanContext().spanId,
  );
});

test('on a closed channel calls throw the raw client’s error synchronously, and their spans fail', async () => {
  const errors: unknown[] = [];
  for (const connection of [raw, traced]) {
    const channel = await channelOf(connection);
    await reply((done) => channel.close(done));
    for (const call of [() => channel.get('q', {}, () => {}), () => channel.sendToQueue('q', body)]) {
      errors.push(String(await failure(call)));
    }
  }
  expect(errors.slice(2)).toEqual(errors.slice(0, 2));
  for (const name of ['get q', 'publish q']) {
    expect(recording.span(name).attributes['error.type']).toBe('IllegalOperationError');
  }
});

test('a confirm ends the span; the callback gets the same arguments as without tracing, in the context of the publish call', async () => {
  const queue = await rabbit.queue();
  const full = await rabbit.queue({ arguments: { 'x-overflow': 'reject-publish' }, maxLength: 0 });
  const confirms: unknown[] = [];
  for (const connection of [raw, traced]) {
    const channel = await confirmChannelOf(connection);
    const seen: unknown[] = [];
    for (const to of [queue, full]) {
      const done = withResolvers<void>();
      await underSpan(recording, ({ spanId }) => {
        channel.sendToQueue(to, body, {}, (...args) => {
          seen.push(args);
          if (connection === traced) expect(activeSpan()).toBe(spanId);
          done.resolve();
        });
      });
      await done.promise;
    }
    channel.sendToQueue(queue, body);
    seen.push(await reply((done) => channel.waitForConfirms(done as never)));
    confirms.push(seen);
  }
  expect(confirms[1]).toEqual(confirms[0]);
  expect(recording.open()).toEqual([]);
  expect(recording.span(`publish ${full}`).attributes['error.type']).toBe('nack');
});

test('a single channel can be traced', async () => {
  const channel = traceChannel(await channelOf(raw), options);
  const queue = await rabbit.queue();
  channel.sendToQueue(queue, body);
  const message = await vi.waitFor(async () => {
    const got = await reply<GetMessage | false>((done) => channel.get(queue, {}, done));
    if (got === false) throw new Error('empty');
    return got;
  });
  channel.ack(message);
  expect(linked(recording.span(`ack ${queue}`))).toEqual([idOf(recording.span(`publish ${queue}`))]);
});
