// Makes a sampler of another package one that composes, and guards it.
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
 * A sampler that is not ours says yes or no, but not with what probability. So it is asked last, when nothing else in the
 * composition has settled the matter, and what it keeps carries no `th`: its weight is unknown.
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

  /** On its own it is what it was; it only says its name, and does not throw into the call that makes a span. */
  override shouldSample(...asked: Parameters<Sampler['shouldSample']>): SamplingResult {
    try {
      const result = checked(this.#sampler.shouldSample(...asked));
      if (result.decision !== recordedAndSampled) return result;
      return { ...result, attributes: { [samplerNameAttribute]: nameOf(this.#sampler), ...result.attributes } };
    } catch (error) {
      reportFault('a sampler, which counts as no,', error);
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
      reportFault('a sampler, which counts as no,', error);
      return undefined;
    }
  }
}

/** A sampler in JavaScript may return anything, also a promise, which the SDK would take for a recorded span. */
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

/** The SDK's own is told by its description, since there may be several copies of its class in a process. @internal */
export function isForeignParentBased(sampler: Sampler): boolean {
  return nameOf(sampler).startsWith('ParentBased');
}

/** What follows its parent is as likely kept as the parent was. */
function withParentsWeight(intent: Intent, { parent, ot, randomness }: SamplingRequest): Intent {
  const threshold = ot?.threshold;
  const agrees = parent && isSampled(parent) && threshold && reaches(randomness, threshold);
  return agrees ? { ...intent, threshold, weighed: true } : intent;
}

/** @internal */
export function isSampler(value: unknown): value is Sampler {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Sampler>).shouldSample === 'function';
}

/** Makes any sampler one that composes. @internal */
export function composable(where: string, value: unknown): ConsistentSampler {
  if (value instanceof ConsistentSampler) return value;
  if (!isSampler(value)) throw invalidOption(where, value, 'a Sampler');
  return new Foreign(value);
}
