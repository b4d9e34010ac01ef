// Implements adaptive(): a sampler that adjusts its rate to a target.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { checkNames, checkPositive, checkProbability } from '../common/check-options.ts';
import { steadyClock, type Clock, type Clocked } from './clock.ts';
import { ConsistentSampler, keptBy, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { reaches, thresholdOf } from './threshold.ts';

/** Computes the probability of the next window from the counts of the last one. */
interface Target {
  readonly name: string;
  readonly start: number;
  /** The number of kept spans that ends a window early, because the load has jumped. */
  readonly alarm: number;
  next(p: number, seen: number, kept: number, seconds: number): number;
}

class Adaptive extends ConsistentSampler {
  readonly #target: Target;
  readonly #window: number;
  readonly #clock: Clock;
  #p: number;
  #intent: Intent;
  #since: number;
  #seen = 0;
  #kept = 0;

  constructor(target: Target, window: number, clock: Clock) {
    super();
    this.#target = target;
    this.#window = window;
    this.#clock = clock;
    this.#since = clock();
    this.#p = target.start;
    this.#intent = keptBy(target.name, thresholdOf(target.start));
  }

  override intent(request: SamplingRequest): Intent {
    const seconds = (this.#clock() - this.#since) / 1000;
    if (this.#seen > 0 && (seconds >= this.#window || this.#kept >= this.#target.alarm)) this.#adjust(seconds);
    this.#seen++;
    if (reaches(request.randomness, this.#intent.threshold)) this.#kept++;
    return this.#intent;
  }

  override toString(): string {
    return this.#target.name;
  }

  #adjust(seconds: number): void {
    this.#p = this.#target.next(this.#p, this.#seen, this.#kept, Math.max(seconds, 0.001));
    this.#intent = keptBy(this.#target.name, thresholdOf(this.#p));
    this.#since += seconds * 1000;
    this.#seen = 0;
    this.#kept = 0;
  }
}

/**
 * Measures arrivals, not kept spans: arrivals have the least noise, and a window without kept spans is as informative as any other.
 */
function ratePerSecond(n: number, window: number): Target {
  return {
    name: `adaptive({ perSecond: ${n} })`,
    start: 1,
    alarm: Math.max(2, 2 * n * window),
    next: (_p, seen, _kept, seconds) => Math.min(1, (n * seconds) / seen),
  };
}

/**
 * Measures the kept spans, because skewed trace ids affect these. Applies half of each correction (on a log scale), so that it does
 * not oscillate by chance.
 */
function shareOfAll(share: number): Target {
  return {
    name: `adaptive({ share: ${share} })`,
    start: share,
    alarm: Infinity,
    next: (p, seen, kept) => {
      const wanted = share * seen;
      // Adds one on both sides, so that the probability does not go to 1 when nothing was kept yet.
      const correction = Math.sqrt((wanted + 1) / (kept + 1));
      return Math.min(1, Math.max(share / 1000, p * Math.min(4, Math.max(1 / 4, correction))));
    },
  };
}

/** The target of {@link adaptive}: exactly one of `share` and `perSecond`. */
export interface AdaptiveOptions {
  /** The share of spans to keep, above 0 up to 1. */
  readonly share?: number | undefined;
  /** Spans to keep per second, above 0. */
  readonly perSecond?: number | undefined;
  /** Seconds between adjustments. Default 10. */
  readonly window?: number | undefined;
}

/**
 * Adjusts its rate once per window to meet the target; the threshold is constant in between. Consistent, with exact weights.
 *
 * - `perSecond`: meets the target one window after the load changed in either direction. If the load jumps, the window ends as soon
 *   as twice its share is kept, so at most about the spans of 5 windows are kept in the window after a 50-fold jump. Starts by
 *   keeping all spans.
 * - `share`: like `ratio`, but corrected by the share that was kept, for trace ids that are not random. Each window removes half of
 *   the remaining error (on a log scale), at most a factor of 4. It overshoots only by chance.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function adaptive(options: AdaptiveOptions): Sampler {
  checkNames('adaptive(options)', options, ['share', 'perSecond', 'window', 'clock']);
  const { share, perSecond, window = 10, clock = steadyClock } = options as AdaptiveOptions & Clocked;
  checkPositive('adaptive({ window })', window);
  if ((share === undefined) === (perSecond === undefined)) {
    throw invalidOption('adaptive(options)', options, 'either share or perSecond');
  }
  if (perSecond !== undefined) {
    checkPositive('adaptive({ perSecond })', perSecond);
    return new Adaptive(ratePerSecond(perSecond, window), window, clock);
  }
  checkPositive('adaptive({ share })', share);
  checkProbability('adaptive({ share })', share);
  return new Adaptive(shareOfAll(share), window, clock);
}
