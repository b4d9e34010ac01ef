import { context, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { Channel, ConsumeMessage, GetMessage } from 'amqplib';
import { getBaggage, tracingFaults, withBaggage } from 'mqtrace';
import { processMessage } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { failure } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');

async function queueWith(channel: Channel, count: number): Promise<string> {
  const queue = await rabbit.queue();
  for (let sent = 0; sent < count; sent++) {
    withBaggage({ tenant: `t${sent}` }, () => channel.sendToQueue(queue, body, { messageId: `m-${sent}` }));
  }
  await vi.waitFor(async () => expect((await rabbit.looker.checkQueue(queue)).messageCount).toBe(count));
  return queue;
}

async function got(channel: Channel, queue: string): Promise<GetMessage> {
  const message = await channel.get(queue);
  if (message === false) throw new Error('expected a message');
  return message;
}

test('get: a CLIENT span below the caller’s span, with a link to the message', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await queueWith(channel, 1);
  const app = await underSpan(recording, async (span) => {
    const message = await got(channel, queue);
    expect(message.content).toEqual(body);
    channel.ack(message);
    return span;
  });
  const [span, publish] = [recording.span(`get ${queue}`), recording.span(`publish ${queue}`)];
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(span.parentSpanContext?.spanId).toBe(app.spanId);
  expect(linked(span)).toEqual([idOf(publish)]);
  expect(span.attributes).toMatchObject({
    'messaging.operation.name': 'get',
    'messaging.operation.type': 'receive',
    'messaging.destination.name': queue,
    'rabbitmq.message.delivery_tag': 1,
    'messaging.message.id': 'm-0',
    'network.peer.port': Number(new URL(rabbit.url).port),
  });
});

test('an empty queue returns false and creates no span', async () => {
  const channel = await rabbit.traced.createChannel();
  const faults = tracingFaults();
  expect(await channel.get(await rabbit.queue())).toBe(false);
  expect(recording.spans()).toEqual([]);
  expect(tracingFaults()).toBe(faults);
});

test('a missing queue: the client’s own error, and a failed span', async () => {
  const [raw, traced] = [await rabbit.raw.createChannel(), await rabbit.traced.createChannel()];
  for (const channel of [raw, traced]) channel.on('error', () => {});
  const expected = await failure(() => raw.get('no-such-queue'));
  expect(await failure(() => traced.get('no-such-queue'))).toEqual(expected);
  expect(recording.span('get no-such-queue')).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': '404' },
  });
});

test('processMessage: each message has its own span, time and baggage, and its ack is a child of that span', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await queueWith(channel, 2);
  const messages = [await got(channel, queue), await got(channel, queue)];
  const app = await underSpan(recording, async (span) => {
    const tenants = messages.map((message) =>
      processMessage(message, () => {
        channel.ack(message);
        return getBaggage().getEntry('tenant')?.value;
      }),
    );
    expect(tenants).toEqual(['t0', 't1']);
    return span;
  });
  const named = (name: string) => recording.spans().filter((span) => span.name === `${name} ${queue}`);
  const [published, processed, acked] = [named('publish'), named('process'), named('ack')];
  expect(processed.map((span) => idOf(span.parentSpanContext!))).toEqual(published.map(idOf));
  expect(processed.map(linked)).toEqual(published.map((span) => [idOf(span), idOf(app)]));
  expect(acked.map((span) => idOf(span.parentSpanContext!))).toEqual(processed.map(idOf));
  expect(processed.map(({ attributes }) => attributes['messaging.message.id'])).toEqual(['m-0', 'm-1']);
});

test('a settled message can still be processed, in its own trace and with its baggage', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const arrived = withResolvers<ConsumeMessage>();
  const within: unknown[] = [];
  const tenant = (): unknown => getBaggage().getEntry('tenant')?.value;
  await channel.consume(queue, (message) => {
    channel.ack(message!);
    within.push(processMessage(message!, tenant));
    arrived.resolve(message!);
  });
  withBaggage({ tenant: 'acme' }, () => channel.sendToQueue(queue, body, { messageId: 'm-1' }));
  within.push(processMessage(await arrived.promise, tenant));
  expect(within).toEqual(['acme', 'acme']);
  const processed = recording.spans().filter(({ name }) => name === `process ${queue}`);
  const sent = recording.span(`publish ${queue}`);
  expect(processed).toHaveLength(3);
  for (const span of processed) {
    expect(idOf(span.parentSpanContext!)).toBe(idOf(sent));
    expect(span.attributes['messaging.message.id']).toBe('m-1');
  }
  // Spans may start in the same millisecond. Only the one within the handler links another.
  const [inHandler, ...others] = processed.toSorted((one, other) => other.links.length - one.links.length);
  expect(others.map(linked)).toEqual([[idOf(sent)], [idOf(sent)]]);
  const [first, surrounding, ...more] = linked(inHandler!);
  expect([first, ...more]).toEqual([idOf(sent)]);
  expect(others.map(idOf)).toContain(surrounding);
});

test('processMessage returns the result of its function, and fails if it fails', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await queueWith(channel, 1);
  const message = await got(channel, queue);
  const error = new Error('no');
  expect(processMessage(message, (given) => [given, 7])).toEqual([message, 7]);
  await expect(processMessage(message, () => Promise.reject(error))).rejects.toBe(error);
  expect(await failure(() => processMessage(message, () => { throw error; }))).toBe(error); // prettier-ignore
  channel.ack(message);
  const statuses = recording.spans().filter(({ name }) => name === `process ${queue}`);
  expect(statuses.map(({ status }) => status.code)).toEqual([0, SpanStatusCode.ERROR, SpanStatusCode.ERROR]);
  // A later settlement belongs to the last processing.
  expect(idOf(recording.span(`ack ${queue}`).parentSpanContext!)).toBe(idOf(statuses[2]!));
});

test('processMessage also accepts a message of an untraced channel', async () => {
  const queue = await queueWith(await rabbit.traced.createChannel(), 1);
  const message = await got(rabbit.looker, queue);
  rabbit.looker.ack(message);
  expect(processMessage(message, () => getBaggage().getEntry('tenant')?.value)).toBe('t0');
  for (const junk of [null, undefined, {}, { fields: null, properties: 7 }, 'text']) {
    expect(processMessage(junk as unknown as GetMessage, () => 'ran')).toBe('ran');
  }
});

test('after get with noAck nothing is left to settle', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await queueWith(channel, 1);
  expect(await channel.get(queue, { noAck: true })).toHaveProperty('content', body);
  channel.ackAll();
  expect(recording.span('ack').attributes['messaging.batch.message_count']).toBe(0);
});

test('with tracing suppressed get creates no span', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await queueWith(rabbit.looker, 1);
  await context.with(suppressTracing(context.active()), async () => {
    const message = await got(channel, queue);
    processMessage(message, () => channel.ack(message));
  });
  expect(recording.spans()).toEqual([]);
});
