import { expect, test } from 'vitest';
import type { PathResult } from '../paths/measure.ts';
import { compare, ratiosOf } from './regressions.ts';
import { summarise } from './statistics.ts';

/** A case whose variants have these times in microseconds, each in four parts of a run. */
const result = (family: string, times: Record<string, number[]>): PathResult => ({
  client: 'kafkajs',
  family,
  name: family,
  batch: 1,
  baggage: 0,
  figures: Object.fromEntries(Object.entries(times).map(([variant, values]) => [variant, summarise(values)])),
});
const steady = (value: number): number[] => [value, value, value, value];
const send = (ours: number[]): PathResult =>
  result('kafkajs send', { raw: steady(1), 'auto-0': steady(5), 'mqtrace-0': ours });

test('ratios compare with the added cost of the auto-instrumentation, those of reads of ioredis with the cost of the raw client', () => {
  expect(ratiosOf([send(steady(2))])).toEqual({ 'kafkajs send': { 'mqtrace-0': { value: 0.25, noise: 0 } } });
  const read = result('ioredis XREADGROUP and XACK', { raw: steady(2), 'auto-0': steady(2.1), 'own-0': steady(5) });
  expect(ratiosOf([read])).toEqual({ 'ioredis XREADGROUP and XACK': { 'own-0': { value: 1.5, noise: 0 } } });
});

test('a ratio beyond the noise is a regression, one within it is not', () => {
  const baseline = ratiosOf([send([2, 2.4, 2, 2])]);
  expect(baseline['kafkajs send']!['mqtrace-0']).toEqual({ value: 0.25, noise: 0.05 });
  const regressed = (ours: number[]): boolean[] =>
    compare(baseline, ratiosOf([send(ours)])).map((one) => one.regressed);
  expect(regressed(steady(2))).toEqual([false]);
  expect(regressed(steady(2.19))).toEqual([false]);
  expect(regressed(steady(2.21))).toEqual([true]);
  // The same minimum, from a noisier run.
  expect(regressed([2.21, 3, 2.21, 2.5])).toEqual([false]);
  expect(regressed(steady(1.2))).toEqual([false]);
});

test('measurements without noise may still differ by 5 %', () => {
  const baseline = ratiosOf([send(steady(2))]);
  const [comparison] = compare(baseline, ratiosOf([send(steady(2.04))]));
  expect(comparison).toMatchObject({ regressed: false, limit: 0.2625 });
});

test('cases that the baseline does not have are not compared', () => {
  expect(compare({}, ratiosOf([send(steady(2))]))).toEqual([]);
});
