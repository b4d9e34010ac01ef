import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { consumeSettings } from './consumer/options.ts';
import { consumeStream, traceRedis } from './index.ts';

const options = { streams: 'orders', group: 'billing' };
const client = (): Redis => new Redis({ lazyConnect: true });

describe('traceRedis throws for', () => {
  it.each([
    [{ hideFields: 'yes' }, 'traceRedis({ hideFields }): expected true or false, got "yes"'],
    [{ hidefields: true }, 'traceRedis: unknown option "hidefields"'],
    [{ semconv: '1.0' }, 'traceRedis({ semconv })'],
    [{ propagator: 'b3' }, 'traceRedis({ propagator })'],
    [null, 'traceRedis options: expected an object, got null'],
  ])('the options %j', (given, message) => {
    expect(() => traceRedis(client(), given as object)).toThrow(MqtraceError);
    expect(() => traceRedis(client(), given as object)).toThrow(message);
  });

  it.each([undefined, null, {}, { sendCommand: 1 }, 'redis://localhost'])('the client %j', (given) => {
    expect(() => traceRedis(given as unknown as Redis)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CLIENT',
        message: expect.stringContaining('an ioredis Redis or Cluster'),
      }),
    );
  });

  it('invalid options, and does not mark the client: valid options are accepted afterwards', () => {
    const redis = client();
    expect(() => traceRedis(redis, { propagator: 'none' as 'global' })).toThrow(MqtraceError);
    expect(Object.hasOwn(redis, 'sendCommand')).toBe(false);
    traceRedis(redis);
    expect(Object.hasOwn(redis, 'sendCommand')).toBe(true);
  });
});

describe('consumeStream throws for', () => {
  it.each([
    [{ streams: '' }, 'consumeStream({ streams }): expected a name, or an array of different names, got ""'],
    [{ streams: [] }, 'consumeStream({ streams })'],
    [{ streams: ['a', 'a'] }, 'consumeStream({ streams })'],
    [{ streams: ['a', 1] }, 'consumeStream({ streams })'],
    [{ streams: undefined }, 'consumeStream({ streams })'],
    [{ group: '' }, 'consumeStream({ group }): expected a name, got ""'],
    [{ consumer: 7 }, 'consumeStream({ consumer })'],
    [{ from: '>' }, 'consumeStream({ from })'],
    [{ from: 0 }, 'consumeStream({ from })'],
    [{ count: 0 }, 'consumeStream({ count }): expected a whole number of 1 or more, got 0'],
    [{ blockMs: 0.5 }, 'consumeStream({ blockMs })'],
    [{ blockMs: Infinity }, 'consumeStream({ blockMs })'],
    [{ minIdleMs: -1 }, 'consumeStream({ minIdleMs })'],
    [{ onError: 'log' }, 'consumeStream({ onError })'],
    [{ stream: 'orders' }, 'consumeStream: unknown option "stream"'],
  ])('%j', (given, message) => {
    expect(() => consumeStream(client(), { ...options, ...given } as never, () => {})).toThrow(MqtraceError);
    expect(() => consumeStream(client(), { ...options, ...given } as never, () => {})).toThrow(message);
  });

  it('a missing handler, and a value that is not a client', () => {
    expect(() => consumeStream(client(), options, undefined as never)).toThrow(
      'consumeStream handler: expected a function',
    );
    expect(() => consumeStream({} as never, options, () => {})).toThrow(
      expect.objectContaining({ code: 'INVALID_CLIENT' }),
    );
    expect(() => consumeStream(client(), undefined as never, () => {})).toThrow(
      'consumeStream options: expected an object',
    );
  });
});

it('consumers without a name do not share one', () => {
  const names = [consumeSettings(options).consumer, consumeSettings(options).consumer];
  expect(new Set(names).size).toBe(2);
  expect(consumeSettings({ ...options, minIdleMs: Infinity })).toMatchObject({
    streams: ['orders'],
    from: '0',
    count: 10,
    blockMs: 5000,
    minIdleMs: Infinity,
  });
});
