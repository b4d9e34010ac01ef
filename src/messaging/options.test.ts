import { readFileSync } from 'node:fs';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { version } from '../common/version.ts';
import { checkClient, checkOptions, claim, errorType, replaceMethod } from './index.ts';
import { semconvFromEnvironment } from './semconv.ts';

afterEach(() => diag.disable());

test.each([
  [null, 'options: expected an object, got null'],
  [{ parentig: 'link' }, 'unknown option "parentig"; did you mean "parenting"?'],
  [{ semconv: 'newest' }, "traceKafka({ semconv }): expected 'latest', 'dup', '1.30', got \"newest\""],
  [{ parenting: 'child' }, "traceKafka({ parenting }): expected 'parent', 'link', 'auto' or a function"],
  [{ tracerProvider: {} }, 'traceKafka({ tracerProvider }): expected a TracerProvider, got an object'],
])('options %o throw: %s', (options, message) => {
  expect(() => checkOptions('traceKafka', options, ['groupId'])).toThrow(message);
});

test('valid options are accepted', () => {
  expect(() =>
    checkOptions('traceKafka', { groupId: 'g', parenting: () => 'link', semconv: 'dup' }, ['groupId']),
  ).not.toThrow();
});

test('a value that is not the client causes an error that names the missing method', () => {
  expect(() => checkClient('traceProducer', { send: () => 1 }, ['send', 'sendBatch'], 'a kafkajs producer')).toThrow(
    '[INVALID_CLIENT] traceProducer: expected a kafkajs producer, got an object without sendBatch()',
  );
  expect(() => checkClient('traceProducer', undefined, ['send'], 'a kafkajs producer')).toThrow(
    'got undefined without send()',
  );
});

test('an object is claimed once; different options cause a warning', () => {
  const warn = vi.fn<(message: string) => void>();
  diag.setLogger({ error: warn, warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
  warn.mockClear();
  const target = {};
  expect(claim(target, 'traceX', { groupId: 'a' })).toBe(true);
  expect(claim(target, 'traceX', { groupId: 'a' })).toBe(false);
  expect(claim(target, 'traceX', {})).toBe(false);
  expect(warn).not.toHaveBeenCalled();
  expect(claim(target, 'traceX', { groupId: 'b' })).toBe(false);
  expect(warn).toHaveBeenCalledOnce();
});

test('a replaced method belongs to one object, does not appear in copies, and keeps the name and length of the original', () => {
  class Client {
    value = 1;
    send(_a: number, _b: number): number {
      return this.value;
    }
  }
  const client = new Client();
  const before = Object.keys(client);
  replaceMethod(
    client,
    'send',
    (raw) =>
      function (this: unknown, ...args) {
        return (raw.apply(this, args) as number) + 1;
      },
  );
  replaceMethod(client, 'absent', () => () => 1);
  expect(client.send(1, 2)).toBe(2);
  expect([client.send.length, client.send.name]).toEqual([2, 'send']);
  expect(Object.keys(client)).toEqual(before);
  expect('absent' in client).toBe(false);
  expect(new Client().send(1, 2)).toBe(1);
});

test.each([
  [new TypeError('x'), 'TypeError'],
  [new Error('x'), 'Error'],
  [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [Object.assign(new Error('x'), { code: 404 }), '404'],
  [AbortSignal.abort().reason, 'AbortError'],
  [Object.assign(new Error('x'), { type: 'a sentence, not a name' }), 'Error'],
  [
    Object.assign(new Error('x', { cause: { type: 'NOT_ENOUGH_REPLICAS' } }), { name: 'Retries' }),
    'NOT_ENOUGH_REPLICAS',
  ],
  [Object.assign(new Error('x', { cause: null }), { name: 'Retries' }), 'Retries'],
  [class Custom extends Error {}, '_OTHER'],
  [new (class Custom extends Error {})('x'), 'Custom'],
  ['text', '_OTHER'],
  [undefined, '_OTHER'],
])('error.type of %o is %s', (error, type) => {
  expect(errorType(error)).toBe(type);
});

test.each([
  [undefined, undefined],
  ['http', undefined],
  ['messaging', 'latest'],
  ['http, messaging/dup,messaging', 'dup'],
])('OTEL_SEMCONV_STABILITY_OPT_IN=%s is %s', (value, expected) => {
  expect(semconvFromEnvironment(value ?? '')).toBe(expected);
});

test('the version is that of package.json', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(version).toBe(manifest.version);
});

test('the error for a promise of a client suggests to await it', () => {
  expect(() => checkClient('traceX', Promise.resolve({}), ['send'], 'a client')).toThrow(
    '[INVALID_CLIENT] traceX: expected a client, got a promise; await it first: traceX(await …)',
  );
});
