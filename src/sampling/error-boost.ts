// Implements errorBoost: a sampler that raises its rate while many spans fail.
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { checkNames, checkPositive, checkProbability } from '../common/check-options.ts';
import { steadyClock, type Clock, type Clocked } from './clock.ts';
import { ConsistentSampler, keptBy, type Intent } from './consistent-sampler.ts';
import { thresholdOf } from './threshold.ts';

/** Options of a rate that rises while many spans fail. */
export interface ErrorBoostOptions {
  /** The share of traces to keep while at most 1 % of the spans fail: 0 to 1. */
  readonly base: number;
  /** The share of traces to keep while at least 10 % of the spans fail; interpolated in between. From `base` to 1. */
  readonly max: number;
  /** Seconds over which the effect of failures decays. Default 10. */
  readonly window?: number | undefined;
}

const calmShare = 0.01;
const alarmingShare = 0.1;
/** This many successes are assumed, so that one failure in a quiet minute is not "100 %". */
const benefitOfTheDoubt = 5;
const updateEveryMs = 100;

/** @internal */
export class ErrorBoost extends ConsistentSampler {
  readonly #base: number;
  readonly #max: number;
  readonly #window: number;
  readonly #clock: Clock;
  readonly #name: string;
  #intent: Intent;
  #ended = 0;
  #failed = 0;
  #fadedAt: number;
  #updatedAt: number;

  constructor(where: string, options: ErrorBoostOptions) {
    super();
    checkNames(where, options, ['base', 'max', 'window', 'clock']);
    const { base, max, window = 10, clock = steadyClock } = options as ErrorBoostOptions & Clocked;
    checkProbability(`${where}.base`, base);
    checkProbability(`${where}.max`, max);
    if (max < base) throw invalidOption(`${where}.max`, max, `${base} (base) or more`);
    checkPositive(`${where}.window`, window);
    this.#base = base;
    this.#max = max;
    this.#window = window;
    this.#clock = clock;
    this.#name = `errorBoost({ base: ${base}, max: ${max} })`;
    this.#intent = keptBy(this.#name, thresholdOf(base));
    this.#fadedAt = this.#updatedAt = clock();
  }

  /** Counts an ended span, kept or not. */
  observe(span: ReadableSpan): void {
    this.#fade(this.#clock());
    this.#ended++;
    if (span.status.code === SpanStatusCode.ERROR) this.#failed++;
  }

  override intent(): Intent {
    const now = this.#clock();
    if (now - this.#updatedAt >= updateEveryMs) {
      this.#updatedAt = now;
      this.#fade(now);
      this.#intent = keptBy(this.#name, thresholdOf(this.#rate()));
    }
    return this.#intent;
  }

  override toString(): string {
    return this.#name;
  }

  #rate(): number {
    const share = this.#failed / (this.#ended + benefitOfTheDoubt);
    const alarm = Math.min(1, Math.max(0, (share - calmShare) / (alarmingShare - calmShare)));
    return this.#base + (this.#max - this.#base) * alarm;
  }

  #fade(now: number): void {
    const factor = Math.exp(Math.min(0, this.#fadedAt - now) / 1000 / this.#window);
    this.#fadedAt = now;
    this.#ended *= factor;
    this.#failed *= factor;
  }
}
