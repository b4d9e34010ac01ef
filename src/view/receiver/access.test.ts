import { expect, test } from 'vitest';
import { hasToken, isLoopback, refusal } from './access.ts';

const local = { host: '127.0.0.1', token: undefined };
const open = { host: '0.0.0.0', token: 'secret' };

test.each([
  ['localhost:4319', true],
  ['127.0.0.1:4319', true],
  ['[::1]:4319', true],
  ['mqtrace.localhost', true],
  ['evil.example:4319', false],
  ['127.0.0.1.evil.example', false],
  ['192.168.1.5:4319', false],
  ['', false],
])('whether the Host %j is this machine: %j', (host, right) => {
  expect(refusal(local, { host }, 'own') === undefined).toBe(right);
});

test('with a token, IP addresses are accepted too, but not names, which any DNS server may resolve to this machine', () => {
  expect(refusal(open, { host: '192.168.1.5:4319' }, 'own')).toBeUndefined();
  expect(refusal(open, { host: 'evil.example' }, 'own')).toBeDefined();
});

test('a page of another origin is rejected by the API, and by the receiver unless it is of this machine', () => {
  const host = 'localhost:4319';
  expect(refusal(local, { host, origin: 'http://localhost:4319' }, 'own')).toBeUndefined();
  expect(refusal(local, { host, origin: 'http://localhost:3000' }, 'own')).toBeDefined();
  expect(refusal(local, { host, origin: 'http://localhost:3000' }, 'loopback')).toBeUndefined();
  for (const origin of ['https://evil.example', 'null', 'file://', 'http://localhost.evil.example'])
    for (const allowed of ['own', 'loopback'] as const) expect(refusal(local, { host, origin }, allowed)).toBeDefined();
  expect(refusal(local, { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 'own')).toBeDefined();
});

test('the token is accepted as a bearer token, a cookie or a parameter; similar values are not', () => {
  const url = new URL('http://localhost/');
  expect(hasToken(local, {}, url)).toBe(true);
  expect(hasToken(open, {}, url)).toBe(false);
  expect(hasToken(open, { authorization: 'Bearer secret' }, url)).toBe(true);
  expect(hasToken(open, { authorization: 'Bearer secrets' }, url)).toBe(false);
  expect(hasToken(open, { cookie: 'a=b; mqtrace-token=secret' }, url)).toBe(true);
  expect(hasToken(open, {}, new URL('http://localhost/?token=secret'))).toBe(true);
});

test('loopback is distinguished from names that look like it', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '128.0.0.1', 'localhost.example', '127.0.0.1.example'].some(isLoopback)).toBe(false);
});
