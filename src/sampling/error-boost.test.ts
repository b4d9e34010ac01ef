import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { parentBased, ratio, type SamplingOptions } from './index.ts';
import { parentContext } from './testing/ask.ts';
import { setUp } from './testing/provider.ts';
import { deviations, seeded } from './testing/random.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

/** Simulates 100 spans per second, of which a share fails; returns the share kept in each second. */
function run(
  options: Omit<SamplingOptions, 'errorBoost'>,
  seconds: number,
  failing: (second: number) => number,
): number[] {
  const random = seeded(110);
  let now = 0;
  const boost = { base: 0.05, max: 0.8, window: 10, clock: () => now };
  const { start } = setUp({ ...options, errorBoost: boost }, random);
  const shares: number[] = [];
  for (let second = 0; second < seconds; second++) {
    let kept = 0;
    for (let i = 0; i < 100; i++, now += 10) {
      const span = start('work');
      if (span.spanContext().traceFlags === 1) kept++;
      if (random() < failing(second)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
    shares.push(kept / 100);
  }
  return shares;
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('errorBoost rises while many of all spans fail, and falls again afterwards', () => {
  const shares = run({}, 200, (second) => (second >= 60 && second < 100 ? 0.5 : 0));
  // 4.5 standard deviations of a binomial distribution each.
  expect(Math.abs(deviations(mean(shares.slice(0, 60)) * 6000, 6000, 0.05))).toBeLessThan(4.5);
  // Within five seconds of half of all spans failing it is at its maximum.
  expect(Math.abs(deviations(mean(shares.slice(65, 100)) * 3500, 3500, 0.8))).toBeLessThan(4.5);
  // From a share of 50 % to below 1 % takes ln 50 windows of 10 s.
  expect(mean(shares.slice(105, 115))).toBeGreaterThan(0.6);
  expect(Math.abs(deviations(mean(shares.slice(142, 200)) * 5800, 5800, 0.05))).toBeLessThan(4.5);
});

test('errorBoost stays at its base while one span in a hundred fails', () => {
  const shares = run({}, 100, () => 0.005);
  expect(mean(shares)).toBeLessThan(0.12);
});

test('together with a sampler, spans that either keeps are kept', () => {
  const shares = run({ sampler: ratio(0.3) }, 120, (second) => (second >= 60 ? 0.5 : 0));
  expect(Math.abs(deviations(mean(shares.slice(0, 60)) * 6000, 6000, 0.3))).toBeLessThan(4.5);
  expect(Math.abs(deviations(mean(shares.slice(70, 120)) * 5000, 5000, 0.8))).toBeLessThan(4.5);
});

test('it decides about roots only, and records that it did', () => {
  const { start, exported, sampling } = setUp({ sampler: parentBased(ratio(0)), errorBoost: { base: 1, max: 1 } });
  expect(String(sampling.sampler)).toBe('parentBased(anyOf(errorBoost({ base: 1, max: 1 }), ratio(0)))');
  start('below', parentContext('4bf92f3577b34da6a3ce929d0e0e4736', false)).end();
  start('root').end();
  expect(exported.map(({ name, attributes }) => [name, attributes['sampler.name']])).toEqual([
    ['root', 'errorBoost({ base: 1, max: 1 })'],
  ]);
  expect(sampling.sampledOut).toBe(1);
});
