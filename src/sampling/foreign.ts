// Adapts samplers of other packages: makes them composable, and guards against their faults.
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';
import { describe, invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import {
  ConsistentSampler,
  keptBy,
  samplerNameAttribute,
  type Intent,
  type SamplingRequest,
} from './consistent-sampler.ts';
import { dropped, notSampled, recorded, recordedAndSampled } from './decision.ts';
import { always, never, reaches } from './threshold.ts';
import { isSampled } from '../common/is-sampled.ts';

/**
 * A sampler of another package decides yes or no, but does not report a probability. So it is called last, if no other member of
 * the composition has decided, and the spans that it keeps get no `th`: their weight is unknown.
 */
class Foreign extends ConsistentSampler {
  readonly #sampler: Sampler;
  readonly #intent: Intent;
  readonly #followsParents: boolean;

  constructor(sampler: Sampler) {
    super();
    this.#sampler = sampler;
    this.#followsParents = isForeignParentBased(sampler);
    const kept = keptBy(nameOf(sampler), always, false);
    const fallback = (request: SamplingRequest): Intent | undefined => this.#ask(request, kept);
    this.#intent = { threshold: never, weighed: false, attributes: {}, fallback };
  }

  override get readsOnly(): boolean {
    return false;
  }

  override intent(): Intent {
    return this.#intent;
  }

  /** Used alone it behaves as before, but records its name and never throws into the call that starts a span. */
  override shouldSample(...asked: Parameters<Sampler['shouldSample']>): SamplingResult {
    try {
      const result = checked(this.#sampler.shouldSample(...asked));
      if (result.decision !== recordedAndSampled) return result;
      return { ...result, attributes: { [samplerNameAttribute]: nameOf(this.#sampler), ...result.attributes } };
    } catch (error) {
      reportFault('a sampler (the span is not sampled)', error);
      return notSampled;
    }
  }

  override toString(): string {
    return nameOf(this.#sampler);
  }

  #ask(request: SamplingRequest, kept: Intent): Intent | undefined {
    const { context, traceId, name, kind, attributes, links } = request;
    try {
      const result = checked(this.#sampler.shouldSample(context, traceId, name, kind, attributes, links));
      if (result.decision !== recordedAndSampled) return undefined;
      const intent = result.attributes ? { ...kept, attributes: { ...kept.attributes, ...result.attributes } } : kept;
      return this.#followsParents ? withParentsWeight(intent, request) : intent;
    } catch (error) {
      reportFault('a sampler (the span is not sampled)', error);
      return undefined;
    }
  }
}

/** A sampler in JavaScript may return anything, including a promise, for which the SDK would record the span. */
function checked(result: SamplingResult): SamplingResult {
  const { decision } = answered(result);
  if (decision !== dropped && decision !== recorded && decision !== recordedAndSampled)
    throw new TypeError(`it returned a decision of ${describe(decision)}`);
  return result;
}

function nameOf(sampler: Sampler): string {
  try {
    return String(sampler);
  } catch (error) {
    reportFault('toString() of a sampler', error);
    return 'sampler';
  }
}

/**
 * The SDK's own samplers are recognized by their description, because a process may contain several copies of their classes.
 * @internal
 */
export function isForeignParentBased(sampler: Sampler): boolean {
  return nameOf(sampler).startsWith('ParentBased');
}

/** A span that follows its parent has the sampling probability of the parent. */
function withParentsWeight(intent: Intent, { parent, ot, randomness }: SamplingRequest): Intent {
  const threshold = ot?.threshold;
  const agrees = parent && isSampled(parent) && threshold && reaches(randomness, threshold);
  return agrees ? { ...intent, threshold, weighed: true } : intent;
}

/** @internal */
export function isSampler(value: unknown): value is Sampler {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Sampler>).shouldSample === 'function';
}

/** Makes any sampler composable. @internal */
export function composable(where: string, value: unknown): ConsistentSampler {
  if (value instanceof ConsistentSampler) return value;
  if (!isSampler(value)) throw invalidOption(where, value, 'a Sampler');
  return new Foreign(value);
}
