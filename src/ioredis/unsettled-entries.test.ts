import { expect, test } from 'vitest';
import { UnsettledEntries } from './unsettled-entries.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('an entry is returned once, by its stream, its group and its id', () => {
  const entries = new UnsettledEntries();
  entries.set('orders', 'g', '1-1', traceparent);
  for (const [stream, group, id] of [
    ['order', 'sg', '1-1'],
    ['orders', 'h', '1-1'],
    ['orders', 'g', '1-2'],
  ] as const) {
    expect(entries.take(stream, group, id)).toBeUndefined();
  }
  expect(entries.isEmpty).toBe(false);
  expect(entries.take('orders', 'g', '1-1')).toBe(traceparent);
  expect(entries.isEmpty).toBe(true);
  expect(entries.take('orders', 'g', '1-1')).toBeUndefined();
});

test('a stream is usable again after all its entries were acknowledged', () => {
  const entries = new UnsettledEntries();
  for (const id of ['1-1', '1-2']) {
    entries.set('orders', 'g', id, traceparent);
    expect(entries.take('orders', 'g', id)).toBe(traceparent);
  }
  expect(entries.isEmpty).toBe(true);
});

test('entries above the limit are dropped, the oldest first; acknowledged ones do not count', () => {
  const entries = new UnsettledEntries({ entries: 3, bytes: Infinity });
  for (let at = 1; at <= 100; at++) {
    entries.set('done', 'g', `${at}-0`, traceparent);
    expect(entries.take('done', 'g', `${at}-0`)).toBe(traceparent);
  }
  for (let at = 1; at <= 8; at++) entries.set('orders', 'g', `${at}-0`, traceparent);
  const kept = [1, 2, 3, 4, 5, 6, 7, 8].filter((at) => entries.take('orders', 'g', `${at}-0`) !== undefined);
  expect(kept).toStrictEqual([4, 5, 6, 7, 8]);
  expect(entries.isEmpty).toBe(true);
});

test('long ids and long names of streams are limited by their bytes', () => {
  const entries = new UnsettledEntries({ entries: 1000, bytes: 1000 });
  const name = 'x'.repeat(800);
  for (const stream of ['a', 'b', 'c', 'd', 'e']) entries.set(name + stream, 'g', 'y'.repeat(300), traceparent);
  const kept = ['a', 'b', 'c', 'd', 'e'].filter((stream) => entries.take(name + stream, 'g', 'y'.repeat(300)));
  expect(kept).toStrictEqual(['e']);
});

test('an entry that is delivered again counts once, with its newer context', () => {
  const entries = new UnsettledEntries({ entries: 3, bytes: Infinity });
  const newer = traceparent.replace('b7', 'c7');
  for (const value of [traceparent, traceparent, traceparent, newer]) entries.set('orders', 'g', '1-1', value);
  expect(entries.take('orders', 'g', '1-1')).toBe(newer);
  expect(entries.isEmpty).toBe(true);
});
