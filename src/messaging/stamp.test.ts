import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createStamp } from './stamp.ts';

describe('createStamp', () => {
  it('keeps the last value for an object', () => {
    const stamp = createStamp<string>();
    const [one, other] = [{}, {}];
    stamp.set(one, 'first');
    stamp.set(one, 'second');
    expect(stamp.get(one)).toBe('second');
    expect(stamp.get(other)).toBeUndefined();
  });

  it('keeps the values of two stamps separate', () => {
    const [a, b] = [createStamp<string>(), createStamp<string>()];
    const object = {};
    a.set(object, 'a');
    expect(b.get(object)).toBeUndefined();
    b.set(object, 'b');
    expect([a.get(object), b.get(object)]).toStrictEqual(['a', 'b']);
  });

  it('cannot be observed', () => {
    const stamp = createStamp<string>();
    const object = { key: 'k' };
    stamp.set(object, 'value');
    expect(Reflect.ownKeys(object)).toStrictEqual(['key']);
    expect({ ...object }).toStrictEqual({ key: 'k' });
    expect(inspect(object, { showHidden: true })).toBe("{ key: 'k' }");
    expect(structuredClone(object)).toStrictEqual({ key: 'k' });
    expect(stamp.get({ ...object })).toBeUndefined();
    expect(stamp.get(Object.create(object) as object)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['frozen', Object.freeze({})],
    ['an array', []],
    [
      'a proxy',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('seen');
          },
          defineProperty: () => {
            throw new Error('seen');
          },
        },
      ),
    ],
    ['without prototype', Object.create(null) as object],
  ])('accepts an object that is %s', (_, object) => {
    const stamp = createStamp<number>();
    stamp.set(object, 1);
    stamp.set(object, 2);
    expect(stamp.get(object)).toBe(2);
  });
});
