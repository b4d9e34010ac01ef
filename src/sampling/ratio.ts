// Implements ratio() and independent(): samplers that keep a share of traces.
import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';
import { checkFunction, checkNames, checkProbability } from '../common/check-options.ts';
import { ConsistentSampler, keptBy, dropIntent, validParent, type Intent } from './consistent-sampler.ts';
import { notSampled } from './decision.ts';
import { thresholdOf, traceIdIsBelow, type Halves } from './threshold.ts';

class Ratio extends ConsistentSampler {
  readonly #name: string;
  readonly #threshold: Halves;
  readonly #intent: Intent;
  readonly #randomSource: (() => number) | undefined;

  constructor(name: string, p: number, randomSource?: () => number) {
    super();
    this.#name = `${name}(${p})`;
    this.#threshold = thresholdOf(p);
    this.#intent = p === 0 ? dropIntent : keptBy(this.#name, this.#threshold);
    this.#randomSource = randomSource;
  }

  override get randomSource(): (() => number) | undefined {
    return this.#randomSource;
  }

  override get ignoresAttributes(): boolean {
    return true;
  }

  override get ignoresLinks(): boolean {
    return true;
  }

  override intent(): Intent {
    return this.#intent;
  }

  override neverSamplesRoot(traceId: string): boolean {
    return this.#randomSource === undefined && traceIdIsBelow(traceId, this.#threshold);
  }

  override shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const parent = validParent(context);
    if (!parent && this.neverSamplesRoot(traceId)) return notSampled;
    return this.decide(parent, context, traceId, name, kind, attributes, links);
  }

  override toString(): string {
    return this.#name;
  }
}

/**
 * Keeps a share `p` of all traces, decided by the trace id: every service, in any language that follows OpenTelemetry's consistent
 * probability sampling, makes the same decision for a trace, and a trace that is kept at 5 % is also kept at 10 %.
 *
 * @param p - from 0 to 1. Rounded to the threshold that is written: 4 digits after the leading f's.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function ratio(p: number): Sampler {
  checkProbability('ratio(p)', p);
  return new Ratio('ratio', p);
}

/** Options of {@link independent}. */
export interface IndependentOptions {
  /** A source of random numbers from 0 up to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * {@link ratio} for trace ids that may not be random: a root generates a random value and writes it to the trace state (`rv`), so
 * that all downstream services use the same value. Below a parent it is `ratio(p)` with the received `rv`, else with the trace id.
 *
 * @param p - from 0 to 1.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function independent(p: number, options: IndependentOptions = {}): Sampler {
  checkProbability('independent(p)', p);
  checkNames('independent(p, options)', options, ['random']);
  const { random = Math.random } = options;
  checkFunction('independent(p, { random })', random);
  return new Ratio('independent', p, random);
}
