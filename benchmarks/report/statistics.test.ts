import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantile, round, summarise } from './statistics.ts';

test('a quantile is interpolated between the values around it', () => {
  expect(quantile([1, 2, 3, 4], 0)).toBe(1);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
  expect(quantile([7], 0.75)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow('at least one value');
});

test('a summary has minimum, quartiles, and the minima of four consecutive parts', () => {
  expect(summarise([5, 1, 9, 4, 3, 8, 7, 2])).toEqual({
    min: 1,
    p25: 2.75,
    median: 4.5,
    p75: 7.25,
    n: 8,
    blocks: [1, 4, 3, 2],
  });
  expect(summarise([3, 2]).blocks).toEqual([3, 2]);
});

test('for any values the order holds, and the minimum is that of a block', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(values, (values) => {
      const { min, p25, median, p75, n, blocks } = summarise(values);
      expect([min, p25, median, p75].toSorted((a, b) => a - b)).toEqual([min, p25, median, p75]);
      expect(n).toBe(values.length);
      expect(blocks.length).toBeLessThanOrEqual(4);
      expect(Math.min(...blocks)).toBe(round(min));
    }),
  );
});
