import type { Sampler } from '@opentelemetry/sdk-trace';
import { describe, expect, test, vi } from 'vitest';
import { creditsOn } from './credits.ts';
import { adaptive, allOf, anyOf, perSecond, ratio } from './index.ts';
import { ask, weightOfRoot } from './testing/ask.ts';
import { arrivals, randomTraceId, seeded } from './testing/random.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

/** The load in spans per second, from one second to another. */
type Phase = readonly [rate: number, start: number, end: number];

const burst: readonly Phase[] = [
  [100, 0, 20],
  [5000, 20, 40],
  [100, 40, 80],
];

interface Run {
  /** Kept and offered spans, and the sum of weights, by second. */
  readonly kept: number[];
  readonly offered: number[];
  readonly weights: number[];
}

function run(seed: number, phases: readonly Phase[], make: (clock: () => number) => Sampler): Run {
  const random = seeded(seed);
  let now = 0;
  const sampler = make(() => now);
  const [kept, offered, weights]: [number[], number[], number[]] = [[], [], []];
  for (const [rate, start, end] of phases) {
    for (now of arrivals(random, rate, start, end)) {
      const second = Math.floor(now / 1000);
      offered[second] = (offered[second] ?? 0) + 1;
      const weight = weightOfRoot(sampler, randomTraceId(random));
      if (weight === undefined) continue;
      kept[second] = (kept[second] ?? 0) + 1;
      weights[second] = (weights[second] ?? 0) + weight;
    }
  }
  return { kept, offered, weights };
}

/** The sum over some seconds. */
function between(values: number[], start: number, end: number): number {
  return values.slice(start, end).reduce((sum, value) => sum + value, 0);
}

const perSecondOn =
  (n: number, window?: number) =>
  (clock: () => number): Sampler =>
    perSecond(n, { window, clock } as { window?: number });

describe('perSecond', () => {
  test('keeps its rate under a 50-fold burst, and recovers from it', () => {
    const { kept } = run(50, burst, perSecondOn(100));
    // At most n * (3 * window + 1) + 1 = 401 are expected in the first second; 500 is 5 standard deviations above.
    expect(kept[20]).toBeLessThan(500);
    expect(Math.abs(between(kept, 21, 40) - 1900)).toBeLessThan(4.5 * Math.sqrt(1900));
    // ln 50 windows to forget the burst, then two more to nine tenths.
    expect(between(kept, 46, 80) / 34).toBeGreaterThan(85);
    expect(between(kept, 46, 80) / 34).toBeLessThan(105);
  });

  test.each([
    [0.1, 20],
    [1, 1.5],
    [5, 50],
    [100, 101],
  ])('keeps %d a second of %d in the long run', (n, rate) => {
    const seconds = 2000 / n;
    const { kept } = run(51 + n, [[rate, 0, seconds]], perSecondOn(n));
    expect(Math.abs(between(kept, 0, seconds) - 2000)).toBeLessThan(4.5 * Math.sqrt(2000) + 0.05 * 2000);
  });

  test('keeps every span of a load below its rate', () => {
    const { kept, offered } = run(52, [[0.02, 0, 20_000]], perSecondOn(0.1));
    expect(between(kept, 0, 20_000)).toBeGreaterThan(0.95 * between(offered, 0, 20_000));
  });

  test('has exact weights, also during the burst', () => {
    // 20 runs of 10 s at 5000/s: one standard deviation is 0.2 %.
    let [sum, truth] = [0, 0];
    for (let seed = 0; seed < 20; seed++) {
      const { weights, offered } = run(
        5300 + seed,
        [
          [100, 0, 5],
          [5000, 5, 15],
        ],
        perSecondOn(1000),
      );
      sum += between(weights, 0, 15);
      truth += between(offered, 0, 15);
    }
    expect(Math.abs(sum / truth - 1)).toBeLessThan(0.01);
  });

  test('has a steadier rate with a longer window', () => {
    const { kept } = run(54, [[1000, 0, 100]], perSecondOn(2, 30));
    expect(between(kept, 0, 100)).toBeLessThan(2 * (100 + 3 * 30) + 4.5 * Math.sqrt(380));
  });
});

describe('credits', () => {
  test('never keep more than burst + n * t in any period of t seconds', () => {
    const random = seeded(55);
    let now = 0;
    const sampler = creditsOn(() => now, 10, 20);
    const times: number[] = [];
    for (now of arrivals(random, 1000, 0, 60)) {
      const answer = ask(sampler, { traceId: randomTraceId(random) });
      if (answer.sampled) times.push(now);
      expect(answer.th).toBeUndefined();
    }
    for (let from = 0; from < times.length; from++) {
      for (const length of [1, 5, 20, 100, 300]) {
        const [first, last] = [times[from], times[from + length]];
        if (first === undefined || last === undefined) continue;
        expect(length + 1).toBeLessThanOrEqual(20 + (10 * (last - first)) / 1000 + 1e-6);
      }
    }
    expect(times.length).toBeGreaterThan(600);
  });

  test('are spent in anyOf only if all others drop the span, in allOf only if all others keep it', () => {
    const low = '0'.repeat(18) + '1'.padStart(14, '0');
    const high = 'f'.repeat(32);
    const any = anyOf(
      creditsOn(() => 0, 1, 3),
      ratio(0.5),
    );
    for (let i = 0; i < 10; i++)
      expect(ask(any, { traceId: high })).toMatchObject({ sampled: true, th: '8', by: 'ratio(0.5)' });
    expect([1, 2, 3, 4].map(() => ask(any, { traceId: low }).sampled)).toEqual([true, true, true, false]);
    const all = allOf(
      creditsOn(() => 0, 1, 3),
      ratio(0.5),
    );
    for (let i = 0; i < 10; i++) expect(ask(all, { traceId: low }).sampled).toBe(false);
    expect([1, 2, 3, 4].map(() => ask(all, { traceId: high }).sampled)).toEqual([true, true, true, false]);
    expect(
      ask(
        allOf(
          creditsOn(() => 0, 1, 3),
          ratio(0.5),
        ),
        { traceId: high },
      ),
    ).toMatchObject({ th: undefined });
  });
});

describe('adaptive', () => {
  test('meets its rate one window after the load changed, in either direction', () => {
    const { kept } = run(
      56,
      [
        [100, 0, 40],
        [5000, 40, 80],
        [100, 80, 120],
      ],
      (clock) => adaptive({ perSecond: 20, window: 10, clock } as { perSecond: number }),
    );
    for (const [start, end] of [
      [10, 40],
      [50, 80],
      [90, 120],
    ] as const) {
      const wanted = 20 * (end - start);
      // The rate of each window is based on at least 1000 arrivals: an error of 3 %, besides the random variation of kept spans.
      expect(Math.abs(between(kept, start, end) - wanted)).toBeLessThan(4.5 * Math.sqrt(wanted) + 0.1 * wanted);
    }
    // A jump in the load overshoots by less than the spans of five windows.
    expect(between(kept, 40, 50)).toBeLessThan(5 * 200);
  });

  test('meets its share although the trace ids are not random', () => {
    const random = seeded(57);
    let now = 0;
    const sampler = adaptive({ share: 0.2, window: 10, clock: () => now } as { share: number });
    let [seen, kept] = [0, 0];
    for (now of arrivals(random, 200, 0, 600)) {
      // Half of all ids begin with ff, the others with fe: `ratio(0.2)` would keep every one of them.
      const traceId = randomTraceId(random);
      const skewed = traceId.slice(0, 18) + (random() < 0.5 ? 'ff' : 'fe') + traceId.slice(20);
      if (now < 200_000) {
        ask(sampler, { traceId: skewed });
        continue;
      }
      seen++;
      if (ask(sampler, { traceId: skewed }).sampled) kept++;
    }
    expect(kept / seen).toBeGreaterThan(0.18);
    expect(kept / seen).toBeLessThan(0.22);
  });

  test('keeps the same share as ratio if the trace ids are random', () => {
    const random = seeded(58);
    let now = 0;
    const sampler = adaptive({ share: 0.1, clock: () => now } as { share: number });
    let [seen, kept] = [0, 0];
    for (now of arrivals(random, 500, 0, 300)) {
      seen++;
      if (ask(sampler, { traceId: randomTraceId(random) }).sampled) kept++;
    }
    expect(Math.abs(kept / seen / 0.1 - 1)).toBeLessThan(0.05);
  });
});

test('ratio and perSecond together stay within both limits', () => {
  const slow = run(59, [[300, 0, 60]], (clock) => allOf(ratio(0.1), perSecond(100, { clock } as { window?: number })));
  expect(between(slow.kept, 0, 60) / 60).toBeLessThan(30 + 4.5 * Math.sqrt(30 / 60));
  const fast = run(60, [[5000, 0, 30]], (clock) => allOf(ratio(0.1), perSecond(100, { clock } as { window?: number })));
  expect(between(fast.kept, 1, 30) / 29).toBeLessThan(100 + 4.5 * Math.sqrt(100 / 29));
  expect(Math.abs(between(fast.weights, 1, 30) / between(fast.offered, 1, 30) - 1)).toBeLessThan(0.09);
});
