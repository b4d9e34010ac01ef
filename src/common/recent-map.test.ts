import { expect, test } from 'vitest';
import { RecentMap } from './recent-map.ts';

test('keeps the entries set last, at least as many as its limit, and drops the oldest', () => {
  const map = new RecentMap<number, string>(10);
  for (let key = 0; key < 1000; key++) {
    map.set(key, `value ${key}`);
    for (let back = 0; back < 10 && back <= key; back++) expect(map.get(key - back)).toBe(`value ${key - back}`);
    expect(map.get(key - 20)).toBeUndefined();
  }
});

test('setting an entry again updates its value and makes it recent; deleting removes it', () => {
  const map = new RecentMap<string, number>(5);
  map.set('kept', 0);
  for (let turn = 1; turn < 100; turn++) {
    map.set(`other ${turn}`, turn);
    expect(map.get('kept')).toBe(turn - 1);
    map.set('kept', turn);
  }
  map.delete('kept');
  expect(map.get('kept')).toBeUndefined();
  expect(map.get('other 99')).toBe(99);
});
