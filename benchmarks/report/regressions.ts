// Compares ratios with those of a baseline.
import type { PathResult } from '../paths/measure.ts';
import { type Ratio, ratioTo } from './added.ts';

/** The ratios of one version of Node.js: by case, then by variant. */
export type Ratios = Record<string, Record<string, Ratio>>;

/**
 * Two measurements of the same code may differ by this much, whatever their noise: each process compiles its code
 * again.
 */
const leastNoise = 0.05;

/** The compared variants, each with the variant of the same run by whose cost its cost is divided. */
const compared: Readonly<Record<string, string>> = {
  'mqtrace-0': 'auto-0',
  'mqtrace+metrics-0': 'auto-0',
  'own-0': 'auto-0',
  'mqtrace-100': 'auto-100',
  'own+processor-100': 'auto-100',
  'own+light-100': 'auto-100',
};
export const comparedVariants: readonly string[] = ['raw', 'auto-0', 'auto-100', ...Object.keys(compared)];

/** Reads of ioredis are compared with the raw client, because the auto-instrumentation does nothing for each entry. */
function otherOf(family: string, variant: string): string {
  return family.startsWith('ioredis XREADGROUP') ? 'raw' : compared[variant]!;
}

export function ratiosOf(results: readonly PathResult[]): Ratios {
  const ratios: Ratios = {};
  for (const result of results) {
    const ofCase: Record<string, Ratio> = {};
    for (const variant of Object.keys(compared)) {
      const ratio = ratioTo(result, variant, otherOf(result.family, variant));
      if (ratio !== undefined) ofCase[variant] = { value: rounded(ratio.value), noise: rounded(ratio.noise) };
    }
    ratios[result.name] = ofCase;
  }
  return ratios;
}

/** One ratio and that of the baseline. */
export interface Comparison {
  readonly name: string;
  readonly variant: string;
  readonly before: Ratio;
  readonly now: Ratio;
  /** The largest value that may be noise. */
  readonly limit: number;
  readonly regressed: boolean;
}

/**
 * Compares the cases that both have. A ratio has regressed if it is larger by more than the noise of both
 * measurements.
 */
export function compare(baseline: Ratios, now: Ratios): Comparison[] {
  const comparisons: Comparison[] = [];
  for (const [name, variants] of Object.entries(now)) {
    for (const [variant, ratio] of Object.entries(variants)) {
      const before = baseline[name]?.[variant];
      if (before === undefined) continue;
      const noise = Math.max(before.noise + ratio.noise, leastNoise * Math.abs(before.value));
      const limit = before.value + noise;
      comparisons.push({ name, variant, before, now: ratio, limit, regressed: ratio.value > limit });
    }
  }
  return comparisons;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
