import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Environment } from './environment.ts';
import { headersOf } from './header-list.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';

let reported: string[];
beforeEach(() => void (reported = collectDiag()));
afterEach(() => diag.disable());

const read = (value: string): Record<string, string> =>
  headersOf('HEADERS', new Environment('override', { HEADERS: value }));

test.each([
  ['a=1', { a: '1' }],
  [' A = 1 , b=2,', { a: '1', b: '2' }],
  ['x-token=100%', { 'x-token': '100%' }],
  ['x-token=50%off,b=%20', { 'x-token': '50%off', b: ' ' }],
  ['authorization=Bearer%20abc', { authorization: 'Bearer abc' }],
  ['authorization=Basic dXNlcjpwdw==', { authorization: 'Basic dXNlcjpwdw==' }],
  ['cookie=a=b;c=d', { cookie: 'a=b;c=d' }],
  ['empty=', { empty: '' }],
  ['a=1,a=2', { a: '2' }],
  ['x%2Dkey=caf%C3%A9', { 'x-key': 'caf\u00e9' }],
  ['x="quoted"', { x: '"quoted"' }],
  ['__proto__=1', Object.fromEntries([['__proto__', '1']])],
  [',,', {}],
  ['', {}],
])('%s is sent as %o', (value, expected) => {
  expect(read(value)).toEqual(expected);
  expect(reported).toEqual([]);
});

test.each([
  ['top-secret', 1, 'name=value', {}],
  ['a=1,top-secret,b=2', 2, 'name=value', { a: '1', b: '2' }],
  ['=secret', 1, 'the name of a header before the equals sign', {}],
  ['a b=secret', 1, 'the name of a header before the equals sign', {}],
  ['a=1,,token=secret%0Amore', 3, 'a value without control characters and characters beyond Latin-1', { a: '1' }],
  ['token=secret%E2%82%AC', 1, 'a value without control characters and characters beyond Latin-1', {}],
])('in %o part %i is skipped and reported without its text', (value, position, expected, rest) => {
  expect(read(value)).toEqual(rest);
  expect(reported).toEqual([`mqtrace: HEADERS: part ${position} is skipped: expected ${expected}`]);
});
