// Handles the start and end of light spans for startTracing(): the same as its span processors, in one step each.
import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span } from '@opentelemetry/sdk-trace';
import { reportFault } from '../common/faults.ts';
import { isSampled } from '../common/is-sampled.ts';
import { setRandomFlag } from '../common/random-trace-id.ts';
import type { StartedSpans } from '../export/started-spans.ts';
import type { SamplingPair } from '../sampling/create-sampling.ts';
import type { OpenSpans } from './open-spans.ts';

/** @internal */
export class LightSpanProcessor {
  readonly #sampling: SamplingPair;
  readonly #counts: StartedSpans;
  readonly #openSpans: OpenSpans | undefined;

  constructor(sampling: SamplingPair, counts: StartedSpans, openSpans: OpenSpans | undefined) {
    this.#sampling = sampling;
    this.#counts = counts;
    this.#openSpans = openSpans;
  }

  /** Whether spans are encoded when they end. */
  get keepsNoSpans(): boolean {
    return this.#openSpans === undefined && !this.#sampling.keepsSpans;
  }

  onStart(span: Span, parentContext: Context): void {
    try {
      setRandomFlag(span, parentContext, true);
      this.#openSpans?.onStart(span);
      this.#sampling.startHolding(span);
    } catch (error) {
      reportFault('the start of a span', error);
    }
  }

  onEnd(span: ReadableSpan): void {
    try {
      this.#openSpans?.onEnd(span);
      this.#counts.end(isSampled(span.spanContext()));
      this.#sampling.onEnd(span);
    } catch (error) {
      reportFault('the end of a span', error);
    }
  }
}
