// Every part of tracing is broken in turn, on the real broker: what the application sees is what it would see of the raw client.
import type { Redis } from 'ioredis';
import { tracingFaults } from 'mqtrace';
import { consumeStream, processMessage, type StreamEntryLike, type StreamMessage, traceRedis } from 'mqtrace/ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFaultyTracing, type Fault, faults, type FaultyTracing } from '../../test-support/faulty-tracing.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { endAfterwards, rawRedis } from './setup.ts';

let tracing: FaultyTracing;
let raw: Seen;
beforeAll(async () => {
  tracing = createFaultyTracing();
  raw = await run(false);
});
afterAll(() => tracing.use(undefined));

type Seen = unknown[];
type Process = (entry: StreamEntryLike, fn: (entry: StreamEntryLike) => unknown) => unknown;

/** Uses every command that is traced in every way in which it can be called, and gives the outcomes in their order. */
async function run(wrap: boolean, fault?: Fault): Promise<Seen> {
  const seen: Seen = [];
  const [stream, group] = [uniqueName('stream'), uniqueName('group')];
  const named = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(stream, 'STREAM')
        .replaceAll(group, 'GROUP'),
    );
  const note = async (call: () => unknown): Promise<unknown> => {
    let result: unknown;
    try {
      result = await call();
      seen.push(named(result));
    } catch (error) {
      seen.push(named({ name: (error as Error).name, message: (error as Error).message, ...(error as object) }));
    }
    return result;
  };
  let redis = rawRedis();
  // Wrapping is a call of the application's as well.
  if (wrap) tracing.use(fault);
  try {
    if (wrap) redis = traceRedis(redis, tracing.options as never);
    const process: Process = wrap ? processMessage : (entry, fn) => fn(entry);
    await send(redis, stream, note, seen, named);
    await receive(redis, stream, group, process, note);
    if (wrap) await note(() => consume(redis, stream));
    else seen.push(consumed);
    const copy = endAfterwards(redis.duplicate());
    await note(() => copy.xadd(stream, '9-9', 'a', 'b'));
    await note(() => copy.xread('STREAMS', stream, '9-0'));
  } finally {
    tracing.use(undefined);
  }
  return seen;
}

type Note = (call: () => unknown) => Promise<unknown>;

async function send(redis: Redis, stream: string, note: Note, seen: Seen, named: (value: unknown) => unknown) {
  await note(() => redis.xadd(stream, '1-1', 'a', 'b'));
  await note(() => redis.xadd(stream, '1-1', 'a', 'b'));
  await note(() => redis.xadd(stream, '*', 'a'));
  await note(
    () =>
      new Promise((resolve) => {
        void redis.xadd(stream, '1-2', 'a', 'b', (...args) => resolve(args));
      }),
  );
  await note(() => redis.pipeline().xadd(stream, '1-3', 'a', 'b').xadd(stream, '1-3', 'a', 'b').exec());
  await note(() => redis.multi().xadd(stream, '1-4', 'a', 'b').xlen(stream).exec());
  await note(() => redis.multi({ pipeline: false }));
  await note(() => redis.xadd(stream, '1-5', 'a', 'b'));
  await note(() => redis.exec());
  const order: string[] = [];
  const both = [redis.xadd(stream, '1-6', 'a', 'b'), redis.xlen(stream), redis.xadd(stream, '1-7', 'a', 'b')];
  await Promise.all(both.map((one, at) => one.then(() => order.push(`reply ${at}`))));
  seen.push(named(order));
}

async function receive(redis: Redis, stream: string, group: string, process: Process, note: Note): Promise<void> {
  await note(() => redis.xread('COUNT', 2, 'STREAMS', stream, '0'));
  await note(() => redis.xread('STREAMS', stream, 'wrong'));
  await note(() => redis.xrange(stream, '-', '+', 'COUNT', 2));
  await note(async () => ((await redis.xinfo('STREAM', stream)) as unknown[]).slice(-1));
  await note(() => redis.xgroup('CREATE', stream, group, '0'));
  const read = () => redis.xreadgroup('GROUP', group, 'one', 'COUNT', 4, 'STREAMS', stream, '>');
  const [[, entries]] = (await note(read)) as [[string, StreamEntryLike[]]];
  await note(() => process(entries[0]!, ([id]) => `done ${String(id)}`));
  await note(() => process(entries[1]!, ([id]) => Promise.resolve(`done ${String(id)}`)));
  await note(() =>
    process(entries[2]!, () => {
      throw new TypeError('handler');
    }),
  );
  await note(() => process(entries[3]!, () => Promise.reject(new TypeError('handler'))));
  await note(() => process(['7-7', ['a', 'b', 'traceparent', 'x']], () => 'another'));
  await note(() => redis.xack(stream, group, '1-1'));
  await note(() => redis.xack(stream, group, '1-2', '1-3'));
  await note(() => redis.xclaim(stream, group, 'two', 0, '1-4'));
  await note(() => redis.xautoclaim(stream, group, 'three', 0, '0'));
  await note(async () => (await redis.xpending(stream, group)).slice(0, 3));
}

const consumed = [['1-1', '1-2', '1-3', '1-4', '1-5', '1-6', '1-7'], ['1-3 handler'], 1];

/** What a consumer handles, what it reports, and how much is pending then. */
async function consume(redis: Redis, stream: string): Promise<unknown> {
  const group = uniqueName('consumers');
  const handled: string[] = [];
  const errors: string[] = [];
  const onError = (error: unknown, message?: StreamMessage): void => {
    errors.push(`${message?.id} ${(error as Error).message}`);
  };
  const consumer = consumeStream(redis, { streams: stream, group, onError }, ({ id, raw }) => {
    handled.push(raw.length === 2 ? id : `${id} with ${raw.length / 2} fields`);
    if (id === '1-3') throw new Error('handler');
    return Promise.resolve();
  });
  await vi.waitFor(() => expect(handled).toHaveLength(7));
  await consumer.stop();
  const [pending] = (await rawRedis().xpending(stream, group)) as [number];
  return [handled, errors, pending];
}

describe('what the application sees is what it sees of the raw client, and the fault is counted,', () => {
  it('with nothing broken', async () => {
    const before = tracingFaults();
    expect(await run(true)).toStrictEqual(raw);
    expect(tracingFaults()).toBe(before);
  });

  it.each(faults.map((fault) => [`${fault.part} ${fault.way}`, fault] as const))('where %s', async (_, fault) => {
    const before = tracingFaults();
    expect(await run(true, fault)).toStrictEqual(raw);
    expect(tracingFaults()).toBeGreaterThan(before);
  });

  it.each([
    [
      'getTracer throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['getTracer returns undefined', () => undefined],
    ['getTracer returns null', () => null],
    ['getTracer returns something else', () => ({})],
  ])('where %s', async (_, getTracer) => {
    const before = tracingFaults();
    const stream = uniqueName('stream');
    const redis = traceRedis(rawRedis(), { tracerProvider: { getTracer } as never });
    expect(await redis.xadd(stream, '1-1', 'a', 'b')).toBe('1-1');
    expect(await redis.xread('STREAMS', stream, '0')).toStrictEqual([[stream, [['1-1', ['a', 'b']]]]]);
    expect(tracingFaults()).toBeGreaterThan(before);
  });
});
