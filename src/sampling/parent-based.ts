// Implements parentBased(): a sampler that follows the parent.
import { type Attributes, type Context, type Link, type SpanContext, type SpanKind } from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';
import { notSampled, recordedAndSampled } from './decision.ts';
import { checkNames } from '../common/check-options.ts';
import {
  ConsistentSampler,
  keptBy,
  dropIntent,
  validParent,
  type Intent,
  type SamplingRequest,
} from './consistent-sampler.ts';
import { composable, isForeignParentBased } from './foreign.ts';
import { readOtMember } from './ot-member.ts';
import { always, reaches } from './threshold.ts';
import { isSampled } from '../common/is-sampled.ts';

/** The samplers for each kind of parent. Default for each: follow the parent. */
export interface ParentBasedOptions {
  /** Below a sampled span of another process. */
  readonly remoteParentSampled?: Sampler | undefined;
  /** Below an unsampled span of another process. */
  readonly remoteParentNotSampled?: Sampler | undefined;
  /** Below a sampled span of this process. */
  readonly localParentSampled?: Sampler | undefined;
  /** Below an unsampled span of this process. */
  readonly localParentNotSampled?: Sampler | undefined;
}

const optionNames = [
  'remoteParentSampled',
  'remoteParentNotSampled',
  'localParentSampled',
  'localParentNotSampled',
] as const;

type Delegates = { readonly [Name in (typeof optionNames)[number]]?: ConsistentSampler };

const followed = keptBy('parentBased', always, false);
const followedResult: SamplingResult = {
  decision: recordedAndSampled,
  attributes: followed.attributes,
};

class ParentBased extends ConsistentSampler {
  readonly #root: ConsistentSampler;
  readonly #delegates: Delegates;
  readonly #name: string;
  readonly #readsOnly: boolean;
  readonly #ignoresAttributes: boolean;
  readonly #ignoresLinks: boolean;

  constructor(root: ConsistentSampler, delegates: Delegates) {
    super();
    this.#root = root;
    this.#delegates = delegates;
    const all = [root, ...Object.values(delegates)];
    this.#readsOnly = all.every((each) => each.readsOnly);
    this.#ignoresAttributes = all.every((each) => each.ignoresAttributes);
    this.#ignoresLinks = all.every((each) => each.ignoresLinks);
    const given = Object.entries(delegates).map(([name, sampler]) => `${name}: ${String(sampler)}`);
    this.#name = `parentBased(${String(root)}${given.length > 0 ? `, { ${given.join(', ')} }` : ''})`;
  }

  override get randomSource(): (() => number) | undefined {
    return this.#root.randomSource;
  }

  override get readsOnly(): boolean {
    return this.#readsOnly;
  }

  override get ignoresAttributes(): boolean {
    return this.#ignoresAttributes;
  }

  override get ignoresLinks(): boolean {
    return this.#ignoresLinks;
  }

  override intent(request: SamplingRequest): Intent {
    const { parent } = request;
    if (!parent) return this.#root.intent(request);
    const delegate = this.#delegateFor(parent);
    return delegate ? delegate.intent(request) : followParent(parent, request);
  }

  override neverSamplesRoot(traceId: string): boolean {
    return this.#root.neverSamplesRoot(traceId);
  }

  override neverSamplesBelowUnsampled(parent: SpanContext): boolean {
    return this.#delegateFor(parent)?.neverSamplesBelowUnsampled(parent) ?? true;
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
    if (parent === undefined) {
      if (this.#root.neverSamplesRoot(traceId)) return notSampled;
    } else if (this.#canOnlyFollow(parent)) {
      return isSampled(parent) ? followedResult : notSampled;
    }
    return this.decide(parent, context, traceId, name, kind, attributes, links);
  }

  override toString(): string {
    return this.#name;
  }

  /** The same with another root sampler. */
  withRoot(change: (root: ConsistentSampler) => Sampler): ParentBased {
    return new ParentBased(composable('root', change(this.#root)), this.#delegates);
  }

  #canOnlyFollow(parent: SpanContext): boolean {
    if (this.#delegateFor(parent)) return false;
    return parent.isRemote !== true || readOtMember(parent.traceState)?.threshold === undefined;
  }

  #delegateFor(parent: SpanContext): ConsistentSampler | undefined {
    const delegates = this.#delegates;
    if (parent.isRemote) return isSampled(parent) ? delegates.remoteParentSampled : delegates.remoteParentNotSampled;
    return isSampled(parent) ? delegates.localParentSampled : delegates.localParentNotSampled;
  }
}

/** The flag decides; the threshold is used only if it agrees with the flag. */
function followParent(parent: SpanContext, { ot, randomness }: SamplingRequest): Intent {
  if (!isSampled(parent)) return dropIntent;
  const threshold = ot?.threshold;
  return threshold && reaches(randomness, threshold)
    ? { threshold, weighed: true, attributes: followed.attributes }
    : followed;
}

/** @internal */
export function isParentBased(sampler: Sampler): boolean {
  return sampler instanceof ParentBased || isForeignParentBased(sampler);
}

/** Replaces the sampler for roots; a sampler that is not parent-based decides about all spans. @internal */
export function withRoot(sampler: ConsistentSampler, change: (root: ConsistentSampler) => Sampler): ConsistentSampler {
  return sampler instanceof ParentBased ? sampler.withRoot(change) : composable('root', change(sampler));
}

/**
 * Follows the decision of the parent, and calls `root` if there is no parent, so that a trace is kept as a whole or not at all. A
 * span keeps the parent's threshold (`th`), unless it contradicts the parent's sampled flag: then the flag decides and the
 * threshold is erased.
 *
 * @param options - another sampler for some kinds of parents.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function parentBased(root: Sampler, options: ParentBasedOptions = {}): Sampler {
  const rootSampler = composable('parentBased(root)', root);
  checkNames('parentBased(root, options)', options, optionNames);
  const delegates: Record<string, ConsistentSampler> = {};
  for (const name of optionNames) {
    if (options[name] !== undefined) delegates[name] = composable(`parentBased(root, { ${name} })`, options[name]);
  }
  return new ParentBased(rootSampler, delegates);
}
