import { expect, test } from 'vitest';
import { deliverAtHeader, dropPastDelivery, timeInHeader, waitsSince } from './deliver-at.ts';

test.each<[unknown, number | undefined]>([
  ['1700000000000', 1_700_000_000_000],
  [Buffer.from('1700000000000'), 1_700_000_000_000],
  [1_700_000_000_000, 1_700_000_000_000],
  ['1700000000', undefined],
  ['0700000000000', undefined],
  ['9999999999999', 9_999_999_999_999],
  [999_999_999_999, undefined],
  [10_000_000_000_000, undefined],
  [1_700_000_000_000.5, undefined],
  [Number.NaN, undefined],
  [Buffer.from('17000000000é'), undefined],
  ['17000000000ab', undefined],
  ['1'.repeat(100_000), undefined],
  [['1700000000000'], undefined],
  [null, undefined],
])('the time in %o is %s', (value, expected) => {
  expect(timeInHeader(value)).toBe(expected);
});

test('a message waits from its intended delivery time, or from its send time if that is later', () => {
  const sent = Date.now() - 60_000;
  const since = (sentAt: number, deliverAt: unknown): number => {
    const time = new Float64Array([sentAt]);
    waitsSince(time, deliverAt);
    return time[0]!;
  };
  expect(since(sent, undefined)).toBe(sent);
  expect(since(sent, String(sent + 50_000))).toBe(sent + 50_000);
  expect(since(sent, String(sent - 1))).toBe(sent);
  expect(since(sent, 'tomorrow')).toBe(sent);
  expect(since(Number.NaN, String(sent))).toBeNaN();
  // Before its time it has not waited, which is not clock skew.
  expect(Date.now() - since(sent, String(Date.now() + 100_000))).toBeGreaterThanOrEqual(0);
});

test('a past time belongs to another message', () => {
  const headers = (deliverAt: unknown): Record<string, unknown> => {
    const given = { [deliverAtHeader]: deliverAt, other: 'kept' };
    dropPastDelivery(given);
    return given;
  };
  expect(headers(String(Date.now() - 1))).toEqual({ other: 'kept' });
  expect(headers(Buffer.from(String(Date.now() - 1)))).toEqual({ other: 'kept' });
  const future = String(Date.now() + 10_000);
  expect(headers(future)).toEqual({ [deliverAtHeader]: future, other: 'kept' });
  expect(headers('soon')).toEqual({ [deliverAtHeader]: 'soon', other: 'kept' });
});
