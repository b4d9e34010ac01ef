// Implements credits(): a sampler with a hard limit, a token bucket.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { checkCount, checkPositive } from '../common/check-options.ts';
import { steadyClock, type Clock } from './clock.ts';
import { ConsistentSampler, keptBy, type Intent } from './consistent-sampler.ts';
import { always, never } from './threshold.ts';

class Credits extends ConsistentSampler {
  readonly #name: string;
  readonly #n: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #intent: Intent;
  #balance: number;
  #last: number;

  constructor(n: number, burst: number, clock: Clock) {
    super();
    this.#name = `credits(${n}, ${burst})`;
    this.#n = n;
    this.#burst = burst;
    this.#clock = clock;
    this.#balance = burst;
    this.#last = clock();
    const kept = keptBy(this.#name, always, false);
    this.#intent = {
      threshold: never,
      weighed: false,
      attributes: {},
      fallback: () => (this.#take() ? kept : undefined),
    };
  }

  override intent(): Intent {
    return this.#intent;
  }

  override toString(): string {
    return this.#name;
  }

  #take(): boolean {
    const now = this.#clock();
    this.#balance = Math.min(this.#burst, this.#balance + (Math.max(0, now - this.#last) / 1000) * this.#n);
    this.#last = now;
    if (this.#balance < 1) return false;
    this.#balance--;
    return true;
  }
}

/**
 * A token bucket: a hard limit. In any period of t seconds it keeps at most `burst + n * t` spans, in the order of arrival. So it
 * is not consistent between services (use it for roots only, as `parentBased` does), and its spans have no `th`: their weight is
 * unknown.
 *
 * @param n - spans per second, above 0.
 * @param burst - the number of spans that may be kept at once after an idle period: a whole number. Default `n`, rounded up.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function credits(n: number, burst: number = Math.ceil(n)): Sampler {
  return creditsOn(steadyClock, n, burst);
}

/** @internal */
export function creditsOn(clock: Clock, n: number, burst: number): Sampler {
  checkPositive('credits(n)', n);
  checkCount('credits(n, burst)', burst);
  return new Credits(n, burst, clock);
}
