import { expect, test } from 'vitest';
import { limitTraceState, traceStateOutputLimit, W3CTraceState } from './trace-state.ts';

const serialize = (raw: string): string => new W3CTraceState(raw).serialize();

test.each([
  ['a=1,b=2', 'a=1,b=2'],
  [' a=1 ,\tb=2,,', 'a=1,b=2'],
  ['tenant@system=x,a-_*/=1', 'tenant@system=x,a-_*/=1'],
  ['a=1,A=2,d=4', ''],
  ['a=1,=3', ''],
  ['a=1,b', ''],
  ['a=1,c=,d=4', ''],
  ['a=1\u00a0', ''],
  ['a=1,a=2', 'a=1'],
  ['a=1,b=2,a=3,b=4,c=5', 'a=1,b=2,c=5'],
  ['foo@=1,bar=2', 'foo@=1,bar=2'],
  ['foo@@bar=1,bar=2', 'foo@@bar=1,bar=2'],
  ['foo@bar@baz=1,bar=2', 'foo@bar@baz=1,bar=2'],
  ['@foo=1', ''],
  ['a=1,@foo=1', ''],
  ['a=1=2', ''],
  ['a=ü', ''],
  ['', ''],
  [
    Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(',,, ,'),
    Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(','),
  ],
  [Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(','), ''],
  [Array.from({ length: 33 }, () => 'k=1').join(','), ''],
  [`${'t'.repeat(242)}@v=1`, `${'t'.repeat(242)}@v=1`],
  [`${'z'.repeat(256)}=1`, `${'z'.repeat(256)}=1`],
  [`${'z'.repeat(257)}=1`, ''],
])('%s is written as %s', (raw, text) => {
  expect(serialize(raw)).toBe(text);
});

test('a changed member is moved to the front; an invalid one changes nothing; the given state is not modified', () => {
  const state = new W3CTraceState('a=1,b=2');
  expect(state.set('b', '3').serialize()).toBe('b=3,a=1');
  expect(state.set('c', '3').get('c')).toBe('3');
  expect(state.set('B', '3')).toBe(state);
  expect(state.set('b', 'x,y=z')).toBe(state);
  expect(state.unset('a').serialize()).toBe('b=2');
  expect(state.unset('x')).toBe(state);
  expect(state.serialize()).toBe('a=1,b=2');
});

test('a 33rd member removes the last one', () => {
  const full = new W3CTraceState(Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(','));
  const more = full.set('new', '1');
  expect(more.get('new')).toBe('1');
  expect(more.get('k31')).toBeUndefined();
  expect(more.get('k30')).toBe('1');
});

test('over 512 characters, large members are removed first, then those from the end, always whole', () => {
  const large = `large=${'x'.repeat(150)}`;
  const small = Array.from({ length: 8 }, (_, i) => `s${i}=${'y'.repeat(50)}`);
  expect(limitTraceState([small[0], large, ...small.slice(1)].join(','))).toBe(small.join(','));
  const many = Array.from({ length: 20 }, (_, i) => `s${i}=${'y'.repeat(50)}`);
  const kept = limitTraceState(many.join(',')).split(',');
  expect(kept).toEqual(many.slice(0, kept.length));
  expect(kept.join(',').length).toBeLessThanOrEqual(traceStateOutputLimit);
  expect(`${kept.join(',')},${many[kept.length]}`.length).toBeGreaterThan(traceStateOutputLimit);
});
