import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByTag } from './by-tag.ts';

const upTo = <Value extends object>(values: ByTag<Value>, tag: number): Value[] =>
  [...values.copyUpTo(tag).values()].flat().filter((value) => value !== undefined);

test('has the values of a Map, in the order of their tags', () => {
  const tag = fc.oneof(fc.nat(2000), fc.constantFrom(255, 256, 511, 2 ** 40, Number.NaN, -1, 0.5));
  const step = fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete', 'up to', 'take'), tag);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const values = new ByTag<{ readonly of: number }>();
      const expected = new Map<number, { readonly of: number }>();
      for (const [what, of] of steps) {
        if (what === 'set') {
          const value = { of };
          values.set(of, value);
          expected.set(of, value);
        } else if (what === 'delete') {
          values.delete(of);
          expected.delete(of);
        } else if (of >= 1) {
          const regular = [...expected.values()].filter(({ of: each }) => Number.isInteger(each) && each >= 0);
          const sorted = regular.filter((value) => value.of <= of).toSorted((one, other) => one.of - other.of);
          expect(upTo(values, of).filter((value) => regular.includes(value))).toEqual(sorted);
          const within = [...expected.keys()].filter((each) => !(each > of));
          expect(values.countUpTo(of)).toBe(within.length);
          if (what === 'take') {
            const taken = [...values.takeUpTo(of)];
            for (const [each, value] of expected) {
              if (!within.includes(each)) continue;
              expect(taken).toContain(value);
              expected.delete(each);
            }
          }
        }
        expect(values.get(of)).toBe(expected.get(of));
        expect(values.size).toBe(expected.size);
      }
      expect(upTo(values, Number.POSITIVE_INFINITY)).toHaveLength(expected.size);
      values.takeUpTo(Number.POSITIVE_INFINITY);
      expect(values.size).toBe(0);
    }),
  );
});

test('deliveries that are settled at once, or later, leave nothing', () => {
  const values = new ByTag<object>();
  for (let tag = 1; tag <= 10_000; tag++) {
    values.set(tag, {});
    if (tag > 500) values.delete(tag - 500);
  }
  expect(upTo(values, Number.POSITIVE_INFINITY)).toHaveLength(500);
});

test('a value that is set below those that were taken is taken too', () => {
  const values = new ByTag<{ readonly of: number }>();
  for (const of of [10, 20]) values.set(of, { of });
  expect([...values.takeUpTo(10)]).toEqual([{ of: 10 }]);
  values.set(5, { of: 5 });
  expect([...values.takeUpTo(15)]).toEqual([{ of: 5 }]);
  expect([...values.takeUpTo(15.5)]).toEqual([]);
  values.set(16, { of: 16 });
  expect([...values.takeUpTo(20)]).toEqual([{ of: 16 }, { of: 20 }]);
});
