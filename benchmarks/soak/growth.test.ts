import { expect, test } from 'vitest';
import { growthOf } from './growth.ts';

const points = (heap: (at: number) => number): number[] => Array.from({ length: 20 }, (_, at) => heap(at));

test('what fills up at first and then stays is no growth', () => {
  expect(growthOf(points((at) => 20e6 + Math.min(at, 4) * 3e6))).toMatchObject({ bytes: 0, grows: false });
  expect(growthOf(points((at) => 20e6 + (at % 2) * 200_000)).grows).toBe(false);
});

test('what grows steadily is growth, little as it may be for each message', () => {
  const { bytes, grows } = growthOf(points((at) => 20e6 + at * 100_000));
  expect(bytes).toBe(800_000);
  expect(grows).toBe(true);
});

test('what falls is no growth, and few points tell nothing', () => {
  expect(growthOf(points((at) => 20e6 - at * 1e6)).grows).toBe(false);
  expect(() => growthOf([1, 2, 3])).toThrow('at least 8 points');
});
