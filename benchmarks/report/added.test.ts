import { expect, test } from 'vitest';
import type { PathResult } from '../paths/measure.ts';
import { added, addedBytes, ratioTo } from './added.ts';
import { summarise } from './statistics.ts';

const figure = (times: number[], bytes?: number): PathResult['figures'][string] => ({
  ...summarise(times),
  ...(bytes !== undefined && { bytes }),
});
const result: PathResult = {
  client: 'kafkajs',
  family: 'kafkajs send',
  name: 'kafkajs send of 1',
  batch: 1,
  baggage: 0,
  figures: {
    raw: figure([1, 1, 1, 2], 100),
    'auto-0': figure([5, 5, 6, 5], 900),
    'mqtrace-0': figure([2, 3, 2, 4], 300),
    'own-0': figure([2, 2, 2, 2]),
  },
};

test('the added cost is the difference to the raw client of the same run', () => {
  expect(added(result, 'mqtrace-0')).toBe(1);
  expect(added(result, 'mqtrace-0', 'median')).toBe(1.5);
  expect(added(result, 'mqtrace-100')).toBeUndefined();
  expect(addedBytes(result, 'mqtrace-0')).toBe(200);
  expect(addedBytes(result, 'own-0')).toBeUndefined();
});

test('a ratio to another variant compares what both add; its noise is that between the parts of the run', () => {
  // Of the parts: (2-1)/(5-1), (3-1)/(5-1), (2-1)/(6-1), (4-2)/(5-2).
  const { value, noise } = ratioTo(result, 'mqtrace-0', 'auto-0')!;
  expect(value).toBe(0.25);
  expect(noise).toBeCloseTo((2 / 3 - 0.2) / 2, 10);
});

test('a ratio to the raw client compares with its total cost', () => {
  expect(ratioTo(result, 'mqtrace-0', 'raw')).toEqual({ value: 1, noise: (2 - 1) / 2 });
  expect(ratioTo(result, 'mqtrace-0', 'auto-100')).toBeUndefined();
});
