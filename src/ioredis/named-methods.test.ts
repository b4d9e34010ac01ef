import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { processMessage, traceRedis } from './index.ts';

const spans = recordRegisteredSpans();

type Callback = (error: unknown, reply: unknown) => void;
type Entry = [string, string[]];

/** Like ioredis-mock: commands are methods that reply themselves, some of them non-configurable properties. */
class MockRedis {
  readonly stored: Entry[] = [];
  declare xack: (...args: unknown[]) => unknown;

  constructor() {
    Object.defineProperty(this, 'xack', { value: () => Promise.resolve(1), writable: true });
  }

  xadd(...args: unknown[]): Promise<string> {
    const callback = typeof args.at(-1) === 'function' ? (args.pop() as Callback) : undefined;
    const [, id, ...fields] = args.flat() as string[];
    const wrong = id === '0-0' ? new Error('ERR The ID specified in XADD must be greater than 0-0') : undefined;
    if (wrong === undefined) this.stored.push([id!, fields]);
    if (callback !== undefined) queueMicrotask(() => callback(wrong ?? null, wrong ? undefined : id));
    return wrong === undefined ? Promise.resolve(id!) : Promise.reject(wrong);
  }

  async xaddBuffer(...args: unknown[]): Promise<Buffer> {
    return Buffer.from(await this.xadd(...args));
  }

  xread(): Promise<[string, Entry[]][] | null> {
    return Promise.resolve(this.stored.length === 0 ? null : [['orders', this.stored]]);
  }

  xrange(): Promise<Entry[]> {
    return Promise.resolve(this.stored);
  }

  duplicate(): MockRedis {
    return new MockRedis();
  }
}

const traced = (): MockRedis =>
  traceRedis(new MockRedis() as never, { tracerProvider: spans.tracerProvider }) as MockRedis;

test('a client without sendCommand is traced by the names of its methods', async () => {
  const redis = traced();
  expect(await redis.xadd('orders', '1-1', 'a', 'b')).toBe('1-1');
  expect(await redis.xaddBuffer(['orders', '1-2', 'a', 'b'])).toStrictEqual(Buffer.from('1-2'));
  const sends = spans.named('xadd orders');
  expect(sends.map(({ attributes }) => attributes['messaging.message.id'])).toStrictEqual(['1-1', '1-2']);
  expect(redis.stored.map(([, fields]) => fields[2])).toStrictEqual(['traceparent', 'traceparent']);

  const shown: Entry[] = [
    ['1-1', ['a', 'b']],
    ['1-2', ['a', 'b']],
  ];
  const reply = await redis.xread();
  expect(reply).toStrictEqual([['orders', shown]]);
  expect(await redis.xrange()).toStrictEqual(shown);
  // The mock's stored data is not changed.
  expect(redis.stored[0]![1]).toHaveLength(4);
  processMessage(reply![0]![1][0]!, () => {});
  await redis.xack('orders', 'group', '1-1');
  expect(spans.span('xread orders').links).toHaveLength(2);
  expect(spans.span('process orders').parentSpanContext?.spanId).toBe(sends[0]?.spanContext().spanId);
  expect(spans.span('xack orders').status.code).toBe(SpanStatusCode.UNSET);
  expect(await redis.duplicate().xadd('copies', '1-1', 'a', 'b')).toBe('1-1');
  expect(spans.named('xadd copies')).toHaveLength(1);
});

test('its callbacks and its errors are those of the mock', async () => {
  const redis = traced();
  const called = await new Promise((resolve) => {
    void redis.xadd('orders', '1-1', 'a', 'b', (...args: unknown[]) => resolve(args));
  });
  expect(called).toStrictEqual([null, '1-1']);
  await expect(redis.xadd('orders', '0-0', 'a', 'b')).rejects.toThrow('must be greater than 0-0');
  const failed = spans.named('xadd orders').at(-1);
  expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
  expect(await traced().xread()).toBeNull();
  expect(spans.named('xread orders')).toHaveLength(0);
});

test('an object with neither sendCommand nor stream methods throws', () => {
  expect(() => traceRedis({ status: 'ready' } as never)).toThrow('[INVALID_CLIENT]');
});
