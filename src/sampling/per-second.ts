// The sampler that keeps about so many spans a second.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { checkNames, checkPositive } from '../common/check-options.ts';
import { steadyClock, type Clock, type Clocked } from './clock.ts';
import { ConsistentSampler, samplerNameAttribute, type Intent } from './consistent-sampler.ts';
import { thresholdOf } from './threshold.ts';

/**
 * A bucket that fills with n a second and pays each span's *probability*, not each kept span. So what it pays out is bounded, while
 * whether a span is kept still depends on its trace id alone, and its weight is exact.
 */
class PerSecond extends ConsistentSampler {
  readonly #name: string;
  readonly #attributes: Record<string, string>;
  readonly #n: number;
  readonly #window: number;
  readonly #clock: Clock;
  readonly #capacity: number;
  #credit: number;
  /** Spans seen, each fading over one window: the rate times the window. */
  #seen = 0;
  #last: number;

  constructor(n: number, window: number, clock: Clock) {
    super();
    this.#name = `perSecond(${n}${window === 1 ? '' : `, { window: ${window} }`})`;
    this.#attributes = { [samplerNameAttribute]: this.#name };
    this.#n = n;
    this.#window = window;
    this.#clock = clock;
    // Less would be lost whenever chance leaves a gap between arrivals; more would let a longer burst pass.
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
  /** Seconds over which the rate of arrivals is measured, and credit is saved up. Default 1. */
  readonly window?: number | undefined;
}

/**
 * Keeps about `n` spans a second by moving its threshold with the load: consistent with the other samplers, weights exact. While more
 * than `n` a second arrive, the rate in the long run is `n`. It is not a hard cap: in any stretch of t seconds the expected number kept is at most
 * n * (3 * window + t) + 1 (or 2, for less than one in three windows), whatever the load does, and chance varies about that. After a burst it takes a window or so for each factor of e
 * that the load fell by until it keeps `n` again.
 *
 * @param n - spans a second (roots, below `parentBased`), above 0.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function perSecond(n: number, options: PerSecondOptions = {}): Sampler {
  checkPositive('perSecond(n)', n);
  checkNames('perSecond(n, options)', options, ['window', 'clock']);
  const { window = 1, clock = steadyClock } = options as PerSecondOptions & Clocked;
  checkPositive('perSecond(n, { window })', window);
  return new PerSecond(n, window, clock);
}
