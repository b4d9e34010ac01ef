// Provides seeded random numbers, ids and arrival times for statistical tests.
import type { IdGenerator } from '@opentelemetry/sdk-trace';

/** A seeded generator of numbers from 0 up to 1 (mulberry32), so that a statistical test has the same result in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Up to 8 random hex digits. */
function word(random: () => number, digits: number): string {
  return Math.floor(random() * 16 ** digits)
    .toString(16)
    .padStart(digits, '0');
}

export function randomHex(random: () => number, digits: number): string {
  let text = '';
  for (let left = digits; left > 0; left -= 8) text += word(random, Math.min(8, left));
  return text;
}

/** Generates ids for a provider of the SDK, valid for any random source. */
export function seededIds(random: () => number): IdGenerator {
  return {
    generateTraceId: () => `${randomHex(random, 31)}1`,
    generateSpanId: () => `1${randomHex(random, 15)}`,
  };
}

/** A trace id that is random in the 56 bits that are used. */
export function randomTraceId(random: () => number): string {
  return `4bf92f3577b34da6a3${word(random, 7)}${word(random, 7)}`;
}

/** Arrival times in milliseconds at `rate` a second, from `start` to `end` seconds, with the gaps of a Poisson process. */
export function* arrivals(random: () => number, rate: number, start: number, end: number): Generator<number> {
  for (let at = start; ;) {
    at += -Math.log(1 - random()) / rate;
    if (at >= end) return;
    yield at * 1000;
  }
}

/** The number of standard deviations that `observed` lies from the mean of a binomial distribution. */
export function deviations(observed: number, trials: number, p: number): number {
  return (observed - trials * p) / Math.sqrt(trials * p * (1 - p));
}
