import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDead, type Owner, parseOwner, thisOwner } from './owner.ts';

const me = thisOwner();
const minute = 60_000;

test('an owner with a visible process table is dead if and only if its process does not exist', () => {
  expect(isDead(me, me, 100 * minute)).toBe(false);
  // The process id is in use by a process that started at another time.
  expect(isDead({ ...me, start: `${Number(me.start) + 1}` }, me, 0)).toBe(true);
  expect(isDead({ ...me, pid: 2 ** 30 }, me, 0)).toBe(true);
});

test.each<[string, Owner | undefined]>([
  ['of another host', { ...me, pid: 2 ** 30, host: 'elsewhere' }],
  ['of another boot', { ...me, pid: 2 ** 30, boot: 'before' }],
  ['of another container', { ...me, pid: 2 ** 30, namespace: 'pid:[1]' }],
  ['of a system without start times', { ...me, pid: 2 ** 30, start: undefined }],
  ['that cannot be read', undefined],
])('an owner %s is dead after a minute without a heartbeat', (_, owner) => {
  expect(isDead(owner, me, minute)).toBe(false);
  expect(isDead(owner, me, minute + 1)).toBe(true);
});

test('a written owner is read back, and any other text is not an owner', () => {
  expect(parseOwner(JSON.stringify(me))).toEqual(me);
  for (const text of ['', '{', 'null', '[]', '7', '{}', '{"pid":0,"host":"a"}', '{"pid":1.5,"host":"a"}', '{"pid":1}'])
    expect(parseOwner(text)).toBeUndefined();
  fc.assert(fc.property(fc.json(), (text) => void parseOwner(text)));
});
