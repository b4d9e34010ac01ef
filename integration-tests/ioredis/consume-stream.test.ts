import { once } from 'node:events';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Redis } from 'ioredis';
import { getBaggage, withBaggage } from 'mqtrace';
import { describe, expect, it, vi } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { blockedReader, consume, pendingOf } from './consuming.ts';
import { rawRedis, tracedRedis } from './setup.ts';

describe('consumeStream', () => {
  it('handles each entry in its own trace and with its baggage, and acknowledges it', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const ids: string[] = [];
    for (const tenant of ['acme', 'umbrella']) {
      ids.push((await withBaggage({ tenant }, () => redis.xadd(stream, '*', 'tenant', tenant)))!);
    }
    const seen: unknown[] = [];
    // Started within a request, whose context must not be active in the handler.
    const consumer = await underSpan(recording, () =>
      withBaggage({ request: '1' }, () =>
        consume(redis, { streams: stream, group, consumer: 'one' }, (message) => {
          seen.push([
            message.fields['tenant'],
            getBaggage().getEntry('tenant')?.value,
            getBaggage().getEntry('request'),
          ]);
        }),
      ),
    );
    await consumer.next(2);
    await consumer.stop();
    await consumer.done;
    expect(seen).toStrictEqual([
      ['acme', 'acme', undefined],
      ['umbrella', 'umbrella', undefined],
    ]);
    expect(consumer.handled[0]).toStrictEqual({
      id: ids[0],
      stream,
      fields: { tenant: 'acme' },
      raw: [Buffer.from('tenant'), Buffer.from('acme')],
      deliveryAttempt: 1,
    });
    const named = (name: string): ReturnType<typeof recording.spans> =>
      recording.spans().filter((span) => span.name === `${name} ${stream}`);
    const [send, secondSend] = named('xadd');
    expect(linked(recording.span(`xreadgroup ${stream}`))).toStrictEqual([idOf(send!), idOf(secondSend!)]);
    expect(recording.span(`xreadgroup ${stream}`).parentSpanContext).toBeUndefined();
    expect(named('process').map((span) => span.parentSpanContext?.spanId)).toStrictEqual(
      named('xadd').map((span) => span.spanContext().spanId),
    );
    expect(named('process')[0]?.attributes).toMatchObject({
      'messaging.client.id': 'one',
      'messaging.consumer.group.name': group,
      'mqtrace.message.delivery_attempt': 1,
      'mqtrace.message.age': expect.any(Number),
    });
    expect(named('xack').map((span) => span.parentSpanContext?.spanId)).toStrictEqual(
      named('process').map((span) => span.spanContext().spanId),
    );
    expect(await pendingOf(stream, group)).toBe(0);
    expect(consumer.errors).toStrictEqual([]);
    expect(recording.open()).toStrictEqual([]);
  });

  it('leaves an entry pending if its handler fails, and handles it again', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await redis.xadd(stream, '*', 'a', '1');
    const consumer = consume(redis, { streams: stream, group, minIdleMs: 20 }, ({ deliveryAttempt }) => {
      if (deliveryAttempt! < 3) throw new TypeError(`attempt ${deliveryAttempt}`);
    });
    const handled = await consumer.next(3);
    await consumer.stop();
    expect(handled.map(({ deliveryAttempt }) => deliveryAttempt)).toStrictEqual([1, 2, 3]);
    expect(consumer.errors).toStrictEqual([new TypeError('attempt 1'), new TypeError('attempt 2')]);
    const spans = recording.spans().filter(({ name }) => name === `process ${stream}`);
    expect(spans.map((span) => span.status.code)).toStrictEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ]);
    expect(spans.map((span) => span.attributes['error.type'])).toStrictEqual(['TypeError', 'TypeError', undefined]);
    expect(spans.map((span) => span.attributes['mqtrace.message.delivery_attempt'])).toStrictEqual([1, 2, 3]);
    expect(await pendingOf(stream, group)).toBe(0);
  });

  it('first handles its pending entries, including deleted ones, and takes over those that others left', async () => {
    const { redis } = tracedRedis();
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const raw = rawRedis();
    await raw.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    for (const id of ['1-1', '1-2', '1-3', '1-4']) await redis.xadd(stream, id, 'a', id);
    await raw.xreadgroup('GROUP', group, 'other', 'COUNT', 1, 'STREAMS', stream, '>');
    await raw.xreadgroup('GROUP', group, 'one', 'COUNT', 2, 'STREAMS', stream, '>');
    await raw.xdel(stream, '1-2');
    const consumer = consume(redis, { streams: stream, group, consumer: 'one', count: 1, minIdleMs: 1 });
    const handled = await consumer.next(3);
    await consumer.stop();
    expect(handled.map(({ id, deliveryAttempt }) => [id, deliveryAttempt])).toStrictEqual([
      ['1-3', 2],
      ['1-1', 2],
      ['1-4', 1],
    ]);
    expect(await pendingOf(stream, group)).toBe(0);
    expect(consumer.errors).toStrictEqual([]);
  });

  it('waits on a separate connection, and stops while waiting without a failure', async () => {
    const connectionName = uniqueName('waits');
    const { redis, recording } = tracedRedis({ commandTimeout: 300, connectionName });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const consumer = consume(redis, { streams: stream, group, blockMs: 60_000 });
    await blockedReader(connectionName);
    expect(await redis.ping()).toBe('PONG');
    // Longer than the client's command timeout.
    await rawRedis().blpop(uniqueName('nothing'), 0.4);
    await consumer.stop();
    await consumer.done;
    expect(consumer.errors).toStrictEqual([]);
    expect(recording.spans()).toStrictEqual([]);
    expect(recording.open()).toStrictEqual([]);
  });

  it('stops after the running handler, and acknowledges only its entry', async () => {
    const { redis } = tracedRedis();
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await redis.xadd(stream, '1-1', 'a', '1');
    await redis.xadd(stream, '1-2', 'a', '2');
    let finish = (): void => {};
    let begun = (): void => {};
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const consumer = consume(redis, { streams: stream, group }, () => {
      begun();
      return new Promise<void>((resolve) => (finish = resolve));
    });
    await beginning;
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await redis.ping();
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect(consumer.handled.map(({ id }) => id)).toStrictEqual(['1-1']);
    expect(await pendingOf(stream, group)).toBe(1);
  });

  it.each(['waits', 'handles'])('stops without its connection while it %s', async (what) => {
    const connectionName = uniqueName('lost');
    const { redis, recording } = tracedRedis({ connectionName, retryStrategy: () => 1_000_000 });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const duplicate = vi.spyOn(redis, 'duplicate');
    let finish = (): void => {};
    const consumer = consume(redis, { streams: stream, group, blockMs: 60_000 }, ({ raw }) =>
      raw.length > 2 ? new Promise<void>((resolve) => (finish = resolve)) : undefined,
    );
    const reader = await blockedReader(connectionName);
    if (what === 'handles') {
      await redis.xadd(stream, '*', 'a', '1', 'b', '2');
      await vi.waitFor(() => expect(recording.open()).toStrictEqual([`process ${stream}`]));
    }
    const lost = once(duplicate.mock.results[0]?.value as Redis, 'reconnecting');
    await rawRedis().client('KILL', 'ID', reader);
    await lost;
    const stopping = consumer.stop();
    finish();
    await stopping;
    await consumer.done;
    expect(recording.open()).toStrictEqual([]);
  });

  it('survives a lost connection and a deleted stream', async () => {
    const connectionName = uniqueName('survives');
    const { redis } = tracedRedis({ connectionName });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const consumer = consume(redis, { streams: stream, group, blockMs: 60_000 });
    await redis.xadd(stream, '*', 'n', '1');
    await consumer.next(1);
    const reader = await blockedReader(connectionName);
    await rawRedis().client('KILL', 'ID', reader);
    await redis.xadd(stream, '*', 'n', '2');
    await consumer.next(2);
    await blockedReader(connectionName);
    await redis.del(stream);
    await redis.xadd(stream, '*', 'n', '3');
    await consumer.next(3);
    expect(consumer.handled.map(({ fields }) => fields['n'])).toStrictEqual(['1', '2', '3']);
    expect(consumer.errors.map((error) => (error as Error).message.split(' ', 1)[0])).toStrictEqual(
      consumer.errors.map(() => expect.stringMatching(/^(NOGROUP|UNBLOCKED|read)$/)),
    );
  });

  it('returns names without their prefix, and binary fields unchanged', async () => {
    const { redis, recording } = tracedRedis({ keyPrefix: 'app:' });
    const [streams, group] = [[uniqueName('a'), uniqueName('b')], uniqueName('billing')];
    const binary = Buffer.from([0xff, 0, 0xfe]);
    for (const stream of streams) await redis.xadd(stream, '1-1', '__proto__', 'p', 'bin', binary, 'x', '1', 'x', '2');
    const consumer = consume(redis, { streams, group });
    const handled = await consumer.next(2);
    await consumer.stop();
    expect(handled.map(({ stream }) => stream)).toStrictEqual(streams);
    expect(Object.entries(handled[0]!.fields)).toStrictEqual([
      ['__proto__', 'p'],
      ['bin', binary.toString()],
      ['x', '2'],
    ]);
    expect(handled[0]?.raw[3]).toStrictEqual(binary);
    expect(recording.span(`process app:${streams[0]}`).attributes['messaging.destination.name']).toBe(
      `app:${streams[0]}`,
    );
    expect(await pendingOf(`app:${streams[0]}`, group)).toBe(0);
  });

  it('rejects done with the error when it cannot continue', async () => {
    const { redis } = tracedRedis();
    const [key, group] = [uniqueName('text'), uniqueName('billing')];
    await redis.set(key, 'text');
    const consumer = consume(redis, { streams: key, group });
    expect(await failure(() => consumer.done)).toMatchObject({ message: expect.stringMatching(/^WRONGTYPE/) });
    expect(consumer.errors).toHaveLength(1);
    await consumer.stop();
  });

  it('ends with an error when its client stops reconnecting', async () => {
    const connectionName = uniqueName('gives-up');
    const { redis } = tracedRedis({ retryStrategy: () => null, connectionName });
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    const consumer = consume(redis, { streams: stream, group, blockMs: 60_000 });
    await rawRedis().client('KILL', 'ID', await blockedReader(connectionName));
    expect(await failure(() => consumer.done)).toMatchObject({ message: 'Connection is closed.' });
  });

  it('accepts an untraced client', async () => {
    const stream = uniqueName('orders');
    const redis = rawRedis();
    await redis.xadd(stream, '*', 'a', '1', 'traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    let traceId: string | undefined;
    const consumer = consume(redis, { streams: stream, group: 'g' }, () => {
      traceId = trace.getActiveSpan()?.spanContext().traceId;
    });
    await context.with(ROOT_CONTEXT, () => consumer.next(1));
    expect(traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  });
});
