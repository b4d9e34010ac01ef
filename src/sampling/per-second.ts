// Implements perSecond(): a sampler that keeps about a given number of spans per second.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { checkNames, checkPositive } from '../common/check-options.ts';
import { steadyClock, type Clock, type Clocked } from './clock.ts';
import { ConsistentSampler, samplerNameAttribute, type Intent } from './consistent-sampler.ts';
import { thresholdOf } from './threshold.ts';

/**
 * A token bucket that fills with n tokens per second and is charged with the *probability* of each span, not with each kept span.
 * So the sum is bounded, while each decision still depends on the trace id alone, and weights are exact.
 */
class PerSecond extends ConsistentSampler {
  readonly #name: string;
  readonly #attributes: Record<string, string>;
  readonly #n: number;
  readonly #window: number;
  readonly #clock: Clock;
  readonly #capacity: number;
  #credit: number;
  /** Seen spans, each decaying over one window: the rate times the window. */
  #seen = 0;
  #last: number;

  constructor(n: number, window: number, clock: Clock) {
    super();
    this.#name = `perSecond(${n}${window === 1 ? '' : `, { window: ${window} }`})`;
    this.#attributes = { [samplerNameAttribute]: this.#name };
    this.#n = n;
    this.#window = window;
    this.#clock = clock;
    // With less, tokens would be lost in random gaps between arrivals; with more, a longer burst would be kept.
    this.#capacity = Math.max(2, 3 * n * window + 1);
    this.#credit = this.#capacity;
    this.#last = clock();
  }

  override intent(): Intent {
    const now = this.#clock();
    const elapsed = Math.max(0, now - this.#last) / 1000;
    this.#last = now;
    this.#credit = Math.min(this.#capacity, this.#credit + elapsed * this.#n);
    this.#seen = this.#seen * Math.exp(-elapsed / this.#window) + 1;
    const p = Math.min(1, this.#credit / this.#seen);
    this.#credit -= p;
    return { threshold: thresholdOf(p), weighed: true, attributes: this.#attributes };
  }

  override toString(): string {
    return this.#name;
  }
}

/** Options of {@link perSecond}. */
export interface PerSecondOptions {
  /** Seconds over which the arrival rate is measured and unused tokens are saved. Default 1. */
  readonly window?: number | undefined;
}

/**
 * Keeps about `n` spans per second by adjusting its threshold to the load: consistent with the other samplers, with exact weights.
 * While more than `n` spans per second arrive, the long-term rate is `n`. It is not a hard limit: in any period of t seconds the
 * expected number of kept spans is at most n * (3 * window + t) + 1 (or 2, for less than one in three windows) for any load, with
 * random variation. After a burst it takes about one window for each factor of e by which the load fell until it keeps `n` again.
 *
 * @param n - spans per second (roots, inside `parentBased`), above 0.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function perSecond(n: number, options: PerSecondOptions = {}): Sampler {
  checkPositive('perSecond(n)', n);
  checkNames('perSecond(n, options)', options, ['window', 'clock']);
  const { window = 1, clock = steadyClock } = options as PerSecondOptions & Clocked;
  checkPositive('perSecond(n, { window })', window);
  return new PerSecond(n, window, clock);
}
