// Tests which promises of a handler are observed: those whose work is already running. A lazy `then` is never called.
import { createRequire } from 'node:module';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ConsumeMessage } from 'amqplib';
import { processMessage } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { asyncHandler, useRabbitMQ, withResolvers } from './rabbitmq.ts';

/** A dependency of amqplib 0.8. */
interface Bluebird extends Promise<unknown> {
  isPending(): boolean;
}
type Work = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
const fromHere = createRequire(import.meta.url);
const fromAmqplib = createRequire(fromHere.resolve('amqplib-0.8'));
const BluebirdPromise = fromAmqplib('bluebird') as new (work: Work) => Bluebird;

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');
const ended = (name: string): Promise<ReturnType<typeof recording.span>> => vi.waitFor(() => recording.span(name));

/** Like a query of postgres.js: a native promise whose work starts when `then` is called. */
class LazyQuery extends Promise<unknown> {
  static ran = 0;
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
  // oxlint-disable-next-line unicorn/no-thenable -- what it is for
  override then<A, B>(...handlers: Parameters<Promise<unknown>['then']>): Promise<A | B> {
    LazyQuery.ran++;
    return super.then(...handlers) as Promise<A | B>;
  }
}

test('a Bluebird promise keeps the span open, with and without noAck, and its rejection after an ack fails it', async () => {
  const channel = await rabbit.traced.createChannel();
  for (const noAck of [true, false]) {
    const [queue, gate] = [await rabbit.queue(), withResolvers<void>()];
    const arrived = withResolvers<void>();
    await channel.consume(
      queue,
      (message) => {
        if (!noAck) channel.ack(message!);
        arrived.resolve();
        const work = new BluebirdPromise((resolve, reject) => {
          gate.promise.then(() => (noAck ? resolve(undefined) : reject(new RangeError('late'))), reject);
        });
        // Bluebird also reports unhandled rejections; the promise that is passed on is derived.
        return work as never;
      },
      { noAck },
    );
    channel.sendToQueue(queue, body);
    await arrived.promise;
    const rejected = withResolvers<unknown>();
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', rejected.resolve);
    expect(recording.open()).toEqual([`process ${queue}`]);
    gate.resolve();
    const span = await ended(`process ${queue}`);
    expect(span.status.code).toBe(noAck ? SpanStatusCode.UNSET : SpanStatusCode.ERROR);
    if (!noAck) {
      expect(span.attributes['error.type']).toBe('RangeError');
      expect(await rejected.promise).toEqual(new RangeError('late'));
    }
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
});

test('a lazy thenable and a native promise with a lazy `then` are never started; the span ends with the ack', async () => {
  const channel = await rabbit.traced.createChannel();
  let ran = 0;
  const builder = {
    // oxlint-disable-next-line unicorn/no-thenable -- as a query builder's
    then(resolve: () => void): void {
      ran++;
      resolve();
    },
  };
  for (const make of [() => builder, () => new LazyQuery(() => {})]) {
    const queue = await rabbit.queue();
    const arrived = withResolvers<ConsumeMessage>();
    await channel.consume(queue, (message) => {
      arrived.resolve(message!);
      return make() as never;
    });
    channel.sendToQueue(queue, body);
    const message = await arrived.promise;
    expect(recording.open()).toEqual([`process ${queue}`]);
    channel.ack(message);
    await ended(`process ${queue}`);
  }
  expect([ran, LazyQuery.ran]).toEqual([0, 0]);
});

test('processMessage observes promises whose work is running, and returns a lazy thenable untouched', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  rabbit.looker.sendToQueue(queue, body);
  const arrived = withResolvers<ConsumeMessage>();
  await channel.consume(queue, (message) => arrived.resolve(message!), { noAck: true });
  const message = await arrived.promise;
  recording.clear();

  const lazy = new LazyQuery(() => {});
  expect(processMessage(message, () => lazy)).toBe(lazy);
  expect(LazyQuery.ran).toBe(0);
  expect(recording.span(`process ${queue}`).status.code).toBe(SpanStatusCode.UNSET);
  recording.clear();

  const gate = withResolvers<void>();
  const result = processMessage(
    message,
    () => new BluebirdPromise((resolve) => void gate.promise.then(() => resolve(7))),
  );
  expect(recording.open()).toEqual([`process ${queue}`]);
  expect(typeof result.isPending).toBe('function');
  gate.resolve();
  expect(await result).toBe(7);
  expect(recording.open()).toEqual([]);
});

test('an unhandled rejection is reported once, and a handled one is not', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  const seen: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (error) => seen.push(error));
  try {
    const arrived = withResolvers<ConsumeMessage>();
    const handler = asyncHandler((message) => {
      arrived.resolve(message);
      return Promise.reject(new Error('ignored by amqplib'));
    });
    await channel.consume(queue, handler, { noAck: true });
    channel.sendToQueue(queue, body);
    const message = await arrived.promise;
    await expect(processMessage(message, () => Promise.reject(new Error('handled')))).rejects.toThrow('handled');
    await vi.waitFor(() => expect(seen).toEqual([new Error('ignored by amqplib')]));
    await rabbit.looker.checkQueue(queue);
    expect(seen).toHaveLength(1);
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
});
