import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Environment } from './environment.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';

let reported: string[];
beforeEach(() => void (reported = collectDiag()));
afterEach(() => diag.disable());

test.each([
  ['override', 'variable', 'variable', 'option'],
  ['fallback', 'option', 'variable', 'option'],
  ['ignore', 'option', undefined, 'option'],
] as const)('in mode %s the %s wins', (mode, winner, alone, option) => {
  const environment = new Environment(mode, { NAME: 'variable' });
  expect(environment.settle('option', environment.text('NAME'))).toBe(winner);
  expect(environment.settle(undefined, environment.text('NAME'))).toBe(alone);
  expect(environment.settle('option', environment.text('OTHER'))).toBe(option);
  const merged = environment.merge(
    { a: 'option', b: 'option' },
    mode === 'ignore' ? {} : { a: 'variable', c: 'variable' },
  );
  expect(merged).toMatchObject({ a: winner, b: 'option' });
});

test('empty variables count as unset, and surrounding space is ignored', () => {
  const environment = new Environment('override', { EMPTY: '', BLANK: '  ', NAME: ' a ' });
  expect(['EMPTY', 'BLANK', 'NONE', 'NAME'].map((name) => environment.text(name))).toEqual([
    undefined,
    undefined,
    undefined,
    'a',
  ]);
  expect(environment.flag('EMPTY')).toBe(false);
  expect(environment.count('BLANK')).toBeUndefined();
  expect(reported).toEqual([]);
});

test('well-formed values are read, case-insensitively', () => {
  const environment = new Environment('override', {
    FLAG: 'True',
    NUMBER: '0.25',
    COUNT: '12',
    ONE: 'HTTP/JSON',
    LIST: 'b3, tracecontext,,B3',
  });
  expect(environment.flag('FLAG')).toBe(true);
  expect(environment.number('NUMBER', 0, 1)).toBe(0.25);
  expect(environment.count('COUNT')).toBe(12);
  expect(environment.oneOf('ONE', ['grpc', 'http/json'])).toBe('http/json');
  expect(environment.listOf('LIST', ['tracecontext', 'b3'])).toEqual(['b3', 'tracecontext']);
  expect(reported).toEqual([]);
});

test.each([
  ['a flag', 'yes', (environment: Environment) => environment.flag('NAME'), false, 'true or false'],
  ['a number', 'ten', (environment: Environment) => environment.number('NAME', 0), undefined, 'a number of 0 or more'],
  ['a ratio', '1.5', (environment: Environment) => environment.number('NAME', 0, 1), undefined, 'a number from 0 to 1'],
  ['a count', '1.5', (environment: Environment) => environment.count('NAME'), undefined, 'a whole number of 0 or more'],
  [
    'a count below 0',
    '-1',
    (environment: Environment) => environment.count('NAME'),
    undefined,
    'a whole number of 0 or more',
  ],
  ['one of some', 'tcp', (environment: Environment) => environment.oneOf('NAME', ['grpc']), undefined, 'one of grpc'],
])('%s that is malformed is reported and counts as unset', (_, value, read, expected, hint) => {
  expect(read(new Environment('override', { NAME: value }))).toEqual(expected);
  expect(reported).toEqual([`mqtrace: NAME is ignored: expected ${hint}, got "${value}"`]);
});

test.each([
  ['x, a', ['a'], 1, 'x'],
  ['a,,b', ['a'], 3, 'b'],
  ['x', undefined, 1, 'x'],
])('in the list %s the known members are used; the others are reported by position', (value, expected, part, given) => {
  expect(new Environment('override', { NAME: value }).listOf('NAME', ['a'])).toEqual(expected);
  expect(reported).toEqual([`mqtrace: NAME: part ${part} is skipped: expected one of a, got "${given}"`]);
});

test.each(['0x10', 'Infinity', '1e400', 'NaN', '1_000', '0,5', '1e', '--1', '5 ms'])('%s is not a number', (value) => {
  const environment = new Environment('override', { NAME: value });
  expect(environment.number('NAME', 0)).toBeUndefined();
  expect(environment.count('NAME')).toBeUndefined();
  expect(environment.milliseconds('NAME')).toBeUndefined();
  expect(reported).toHaveLength(3);
});

test.each(['1', '+1', '1.', '1e0', '1.0'])('%s is 1', (value) => {
  const environment = new Environment('override', { NAME: value });
  expect([environment.number('NAME', 0), environment.count('NAME', 1), environment.milliseconds('NAME')]).toEqual([
    1, 1, 1,
  ]);
  expect(reported).toEqual([]);
});

test('milliseconds above the limit of a timer are rejected', () => {
  const environment = new Environment('override', { LONG: '2147483648', NONE: '0' });
  expect([environment.milliseconds('LONG'), environment.milliseconds('NONE')]).toEqual([undefined, undefined]);
  expect(reported).toHaveLength(2);
});

test('a variable that is read twice is reported once', () => {
  const environment = new Environment('override', { NAME: 'x' });
  for (let i = 0; i < 2; i++) environment.flag('NAME');
  expect(reported).toHaveLength(1);
});
