import { expect, test } from 'vitest';
import { growthOf } from './growth.ts';

const points = (heap: (at: number) => number): number[] => Array.from({ length: 20 }, (_, at) => heap(at));

test('memory that fills up at first and then stays constant is not growth', () => {
  expect(growthOf(points((at) => 20e6 + Math.min(at, 4) * 3e6))).toMatchObject({ bytes: 0, grows: false });
  expect(growthOf(points((at) => 20e6 + (at % 2) * 200_000)).grows).toBe(false);
});

test('memory that increases steadily is growth, however little for each message', () => {
  const { bytes, grows } = growthOf(points((at) => 20e6 + at * 100_000));
  expect(bytes).toBe(800_000);
  expect(grows).toBe(true);
});

test('decreasing memory is not growth, and few points are not sufficient', () => {
  expect(growthOf(points((at) => 20e6 - at * 1e6)).grows).toBe(false);
  expect(() => growthOf([1, 2, 3])).toThrow('at least 8 points');
});
