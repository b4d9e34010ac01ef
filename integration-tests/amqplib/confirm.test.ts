import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { connect } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { underSpan } from '../../test-support/spans.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');
/** The arguments of a confirm callback, and the span that was active in it. */
type Confirm = [args: unknown[], active: string | undefined];
const activeSpan = (): string | undefined => trace.getSpanContext(context.active())?.spanId;

test('the span ends with the confirm; the callback gets the same arguments as without tracing, in the context of the publish call', async () => {
  const queue = await rabbit.queue();
  const confirms: Confirm[] = [];
  for (const connection of [rabbit.raw, rabbit.traced]) {
    const channel = await connection.createConfirmChannel();
    const done = withResolvers<void>();
    const app = await underSpan(recording, (span) => {
      channel.sendToQueue(queue, body, {}, (...args) => {
        confirms.push([args, activeSpan()]);
        done.resolve();
      });
      return span;
    });
    if (connection === rabbit.traced) expect(recording.open()).toEqual([`publish ${queue}`]);
    await done.promise;
    if (connection === rabbit.traced) expect(confirms[1]![1]).toBe(app.spanId);
  }
  expect(confirms[1]![0]).toEqual(confirms[0]![0]);
  expect(recording.open()).toEqual([]);
  expect(recording.span(`publish ${queue}`).status.code).toBe(SpanStatusCode.UNSET);
});

test('without a callback: the span ends with the confirm, and waitForConfirms waits for it', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  const queue = await rabbit.queue();
  for (let sent = 0; sent < 100; sent++) channel.sendToQueue(queue, body);
  expect(recording.open()).toHaveLength(100);
  await channel.waitForConfirms();
  expect(recording.open()).toEqual([]);
  expect(recording.spans()).toHaveLength(100);
});

test('a nack fails the span, the callback and waitForConfirms', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  const full = await rabbit.queue({ arguments: { 'x-overflow': 'reject-publish' }, maxLength: 0 });
  const given = withResolvers<unknown>();
  channel.sendToQueue(full, body, {}, given.resolve);
  await expect(channel.waitForConfirms()).rejects.toThrow('message nacked');
  expect(await given.promise).toEqual(new Error('message nacked'));
  expect(recording.span(`publish ${full}`)).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'message nacked' },
    attributes: { 'error.type': 'nack' },
  });
});

test('a missing exchange: the broker closes the channel, and open publishes fail with its reason', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  const error = withResolvers<Error>();
  channel.on('error', error.resolve);
  const given = withResolvers<unknown>();
  channel.publish('no-such-exchange', 'key', body, {}, given.resolve);
  expect(await error.promise).toMatchObject({ code: 404 });
  expect(await given.promise).toEqual(new Error('channel closed'));
  expect(recording.open()).toEqual([]);
  expect(recording.span('publish no-such-exchange:key').attributes['error.type']).toBe('404');
});

test('a connection lost before the confirm fails the span', async () => {
  const connection = traceConnection(await connect(rabbit.url), { tracerProvider: recording.tracerProvider });
  connection.on('error', () => {});
  const channel = await connection.createConfirmChannel();
  const given = withResolvers<unknown>();
  channel.sendToQueue('nowhere', body, {}, given.resolve);
  const { stream } = channel.connection as unknown as { stream: { destroy(error: Error): void } };
  stream.destroy(new Error('gone'));
  expect(await given.promise).toEqual(new Error('channel closed'));
  expect(recording.open()).toEqual([]);
  expect(recording.span('publish nowhere').attributes['error.type']).toBe('channel_closed');
});

test('a callback that throws has the same effect on the client as without tracing', async () => {
  const errors: unknown[] = [];
  for (const traced of [false, true]) {
    const plain = await connect(rabbit.url);
    const connection = traced ? traceConnection(plain, { tracerProvider: recording.tracerProvider }) : plain;
    const failed = withResolvers<unknown>();
    connection.on('error', failed.resolve);
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue('nowhere', body, {}, () => {
      throw new Error('callback');
    });
    errors.push(await failed.promise);
  }
  expect(errors[1]).toEqual(errors[0]);
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
});

test('with tracing suppressed the callback still runs in the context of the publish call', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  const done = withResolvers<string | undefined>();
  const app = await underSpan(recording, (span) => {
    context.with(suppressTracing(context.active()), () =>
      channel.sendToQueue('nowhere', body, {}, () => done.resolve(activeSpan())),
    );
    return span;
  });
  expect(await done.promise).toBe(app.spanId);
  expect(recording.spans().map(({ name }) => name)).toEqual(['application']);
});
