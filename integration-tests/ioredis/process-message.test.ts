import { SpanStatusCode, trace } from '@opentelemetry/api';
import { getBaggage, withBaggage } from 'mqtrace';
import { processMessage, type TraceRedisOptions } from 'mqtrace/ioredis';
import { expect, it } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, type Recording, underSpan } from '../../test-support/spans.ts';
import { rawRedis, tracedRedis } from './setup.ts';

type Entry = [id: string, fields: string[]];

/** A client and the entries of a stream, as it received them. */
async function received(
  fields: string[][],
  options: TraceRedisOptions = {},
): Promise<{ recording: Recording; stream: string; entries: Entry[]; redis: ReturnType<typeof tracedRedis>['redis'] }> {
  const { redis, recording } = tracedRedis({}, options);
  const stream = uniqueName('orders');
  const raw = rawRedis();
  for (const each of fields) await raw.xadd(stream, '*', ...each);
  const [[, entries]] = (await redis.xread('STREAMS', stream, '0')) as [[string, Entry[]]];
  return { recording, stream, entries, redis };
}

const [one, two] = ['0af7651916cd43dd8448eb211c80319c', '1bf7651916cd43dd8448eb211c80319c'];
const parent = (traceId: string | undefined, flags = '01'): string => `00-${traceId}-b7ad6b7169203331-${flags}`;

it('the caller gets the error that its function throws or rejects with, and the span fails once', async () => {
  const { recording, stream, entries } = await received([['a', '1']]);
  const error = new RangeError('handler failed');
  const failing = (): never => {
    throw error;
  };
  expect(await failure(() => processMessage(entries[0]!, failing))).toBe(error);
  expect(await failure(() => processMessage(entries[0]!, () => Promise.reject(error)))).toBe(error);
  const spans = recording.spans().filter(({ name }) => name === `process ${stream}`);
  expect(spans.map(({ status }) => status)).toStrictEqual([
    { code: SpanStatusCode.ERROR, message: 'handler failed' },
    { code: SpanStatusCode.ERROR, message: 'handler failed' },
  ]);
  expect(spans.map(({ attributes }) => attributes['error.type'])).toStrictEqual(['RangeError', 'RangeError']);
  expect(spans.map(({ events }) => events.map(({ name }) => name))).toStrictEqual([['exception'], ['exception']]);
  expect(recording.open()).toStrictEqual([]);
});

it('for each message, the span is open and the baggage is active until the promise settles', async () => {
  const { recording, stream, entries } = await received([
    ['a', '1', 'baggage', 'n=1'],
    ['a', '2', 'baggage', 'n=2'],
  ]);
  const ended = (): number => recording.spans().filter(({ name }) => name === `process ${stream}`).length;
  for (const [at, entry] of entries.entries()) {
    await processMessage(entry, async () => {
      await rawRedis().ping();
      expect([ended(), recording.open()]).toStrictEqual([at, [`process ${stream}`]]);
      expect(getBaggage().getEntry('n')?.value).toBe(String(at + 1));
    });
    expect([ended(), recording.open()]).toStrictEqual([at + 1, []]);
  }
});

it('with parenting: link it only links the message; its baggage is still active', async () => {
  const { recording, stream, entries } = await received([['a', '1', 'traceparent', parent(one), 'baggage', 't=x']], {
    parenting: 'link',
  });
  expect(processMessage(entries[0]!, () => getBaggage().getEntry('t')?.value)).toBe('x');
  const span = recording.span(`process ${stream}`);
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.spanContext().traceId).not.toBe(one);
  expect(linked(span)).toStrictEqual([`${one}-b7ad6b7169203331`]);
});

it('within a span of the application, the span also links that one', async () => {
  const { recording, stream, entries } = await received([['a', '1', 'traceparent', parent(one)]]);
  const app = await underSpan(recording, (span) => processMessage(entries[0]!, () => span));
  const span = recording.span(`process ${stream}`);
  expect(span.spanContext().traceId).toBe(one);
  expect(linked(span)).toStrictEqual([`${one}-b7ad6b7169203331`, idOf(app)]);
});

it('the last of repeated traceparent fields is used; repeated baggage is merged', async () => {
  const { recording, stream, entries } = await received([
    ['traceparent', parent(one), 'a', '1', 'traceparent', parent(one)],
    ['traceparent', parent(one), 'a', '1', 'traceparent', parent(two)],
    ['traceparent', 'junk', 'a', '1', 'TraceParent', parent(two)],
    ['baggage', 'a=1', 'x', 'y', 'baggage', 'b=2'],
  ]);
  const baggage = entries.map((entry) => processMessage(entry, () => getBaggage().getAllEntries().length));
  const traces = recording.spans().filter(({ name }) => name === `process ${stream}`);
  expect(traces.slice(0, 3).map((span) => span.spanContext().traceId)).toStrictEqual([one, two, two]);
  expect(baggage).toStrictEqual([0, 0, 0, 2]);
});

it.each([
  ['03', '03'],
  ['01', '01'],
  ['ff', '03'],
  ['11', '01'],
])('flags %s are sent on as %s', async (given, sent) => {
  const { redis, recording, entries } = await received([['a', '1', 'traceparent', parent(one, given)]]);
  const next = uniqueName('next');
  await processMessage(entries[0]!, () => redis.xadd(next, '*', 'a', '1'));
  const [[, fields]] = (await rawRedis().xrange(next, '-', '+')) as [Entry];
  const { spanId } = recording.span(`xadd ${next}`).spanContext();
  expect(fields).toStrictEqual(['a', '1', 'traceparent', `00-${one}-${spanId}-${sent}`]);
});

it('an entry forwarded with its received fields carries its new context once', async () => {
  const { redis, recording, entries } = await received([['a', '1', 'traceparent', parent(one), 'baggage', 'old=1']], {
    hideFields: false,
  });
  const next = uniqueName('next');
  await withBaggage({ fresh: '1' }, () => redis.xadd(next, '*', ...entries[0]![1]));
  const [[, fields]] = (await rawRedis().xrange(next, '-', '+')) as [Entry];
  const { traceId, spanId } = recording.span(`xadd ${next}`).spanContext();
  expect(fields).toStrictEqual(['a', '1', 'traceparent', `00-${traceId}-${spanId}-01`, 'baggage', 'fresh=1']);
});

/** Like promises of Bluebird and Q: not native, and known to be running by `isPending()`. */
class EagerPromise<T> {
  readonly #native: Promise<T>;
  #pending = true;

  constructor(native: Promise<T>) {
    this.#native = native;
    const settled = (): boolean => (this.#pending = false);
    native.then(settled, settled);
  }

  isPending(): boolean {
    return this.#pending;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- promises have then()
  then<R>(fulfilled?: (value: T) => R, rejected?: (error: unknown) => R): EagerPromise<R | T> {
    return new EagerPromise(this.#native.then(fulfilled, rejected));
  }
}

it('a promise of another library that is known to be running is observed until it settles', async () => {
  const { recording, stream, entries } = await received([['a', '1']]);
  let finish = (): void => {};
  const given = new EagerPromise(new Promise<void>((resolve) => (finish = resolve)));
  const returned = processMessage(entries[0]!, () => given);
  expect(returned).toBeInstanceOf(EagerPromise);
  expect(recording.open()).toStrictEqual([`process ${stream}`]);
  finish();
  await returned;
  expect(recording.open()).toStrictEqual([]);

  const failed = processMessage(entries[0]!, () => new EagerPromise(Promise.reject(new RangeError('handler failed'))));
  expect(await failure(async () => failed)).toMatchObject({ message: 'handler failed' });
  expect(recording.spans().at(-1)?.status).toStrictEqual({ code: SpanStatusCode.ERROR, message: 'handler failed' });
});

it('a thenable that may start only when awaited is left to the caller', async () => {
  class Lazy extends Promise<string> {
    static started = 0;
    // oxlint-disable-next-line unicorn/no-thenable -- like queries of postgres.js
    override then<A, B>(
      fulfilled?: ((value: string) => A | PromiseLike<A>) | null,
      rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      Lazy.started++;
      return super.then(fulfilled, rejected);
    }
  }
  const { recording, entries } = await received([['a', '1']]);
  const lazy = new Lazy(() => {});
  expect(processMessage(entries[0]!, () => lazy)).toBe(lazy);
  // oxlint-disable-next-line unicorn/no-thenable -- like query builders
  const builder = { then: (): number => Lazy.started++ };
  expect(processMessage(entries[0]!, () => builder)).toBe(builder);
  await rawRedis().ping();
  expect(Lazy.started).toBe(0);
  expect(recording.open()).toStrictEqual([]);
});

it('an entry that was converted to JSON is processed in its own trace', async () => {
  const { redis, recording } = tracedRedis({}, { hideFields: false });
  const stream = uniqueName('orders');
  await withBaggage({ n: '1' }, () => redis.xadd(stream, '1-1', 'a', 'b'));
  for (const reply of [
    await redis.xread('STREAMS', stream, '0'),
    await redis.xreadBuffer('STREAMS', stream, '0'),
  ] as unknown as [[unknown, [Entry]]][]) {
    const stored = JSON.parse(JSON.stringify(reply[0][1][0])) as Entry;
    processMessage(stored, () => {
      expect(trace.getActiveSpan()?.spanContext().traceId).toBe(recording.span(`xadd ${stream}`).spanContext().traceId);
      expect(getBaggage().getEntry('n')?.value).toBe('1');
    });
  }
});
