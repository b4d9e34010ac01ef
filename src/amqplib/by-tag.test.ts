import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByTag } from './by-tag.ts';

test('has the values of a Map, in the order of their tags', () => {
  const tag = fc.oneof(fc.nat(2000), fc.constantFrom(255, 256, 511, 2 ** 40, Number.NaN, -1, 0.5));
  const step = fc.tuple(fc.constantFrom('set', 'set', 'delete', 'up to'), tag);
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
          expect(values.upTo(of).filter((value) => regular.includes(value))).toEqual(sorted);
        }
        expect(values.get(of)).toBe(expected.get(of));
        expect(values.size).toBe(expected.size);
      }
      expect(values.upTo(Number.POSITIVE_INFINITY)).toHaveLength(expected.size);
      values.clear();
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
  expect(values.upTo(Number.POSITIVE_INFINITY)).toHaveLength(500);
});
