// A sampler that gives a new trace the randomness of the trace that it links to, so that a share keeps both or neither.
import {
  isSpanContextValid,
  type Attributes,
  type Context,
  type Link,
  type SpanContext,
  type SpanKind,
} from '@opentelemetry/api';
import type { SamplingResult } from '@opentelemetry/sdk-trace';
import { ConsistentSampler, validParent, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { readOtMember } from './ot-member.ts';
import { randomnessOf, type Halves } from './threshold.ts';

/**
 * Delegates to a sampler. A root with links gets the randomness of the first linked trace, written as `rv` to its trace state: each
 * consistent sampler, also the share of a Collector, then decides for both traces in the same way.
 * @internal
 */
export class LinkedRandomness extends ConsistentSampler {
  readonly #head: ConsistentSampler;

  constructor(head: ConsistentSampler) {
    super();
    this.#head = head;
  }

  override get randomSource(): (() => number) | undefined {
    return this.#head.randomSource;
  }

  override get readsOnly(): boolean {
    return this.#head.readsOnly;
  }

  override get ignoresAttributes(): boolean {
    return this.#head.ignoresAttributes;
  }

  override intent(request: SamplingRequest): Intent {
    return this.#head.intent(request);
  }

  override neverSamplesRoot(traceId: string): boolean {
    return this.#head.neverSamplesRoot(traceId);
  }

  override neverSamplesBelowUnsampled(parent: SpanContext): boolean {
    return this.#head.neverSamplesBelowUnsampled(parent);
  }

  override shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const isLinkedRoot = links.length > 0 && validParent(context) === undefined;
    return isLinkedRoot
      ? this.decide(undefined, context, traceId, name, kind, attributes, links)
      : this.#head.shouldSample(context, traceId, name, kind, attributes, links);
  }

  override toString(): string {
    return String(this.#head);
  }

  protected override randomnessOfRoot(links: readonly Link[]): Halves | undefined {
    const linked = links.find(({ context }) => isSpanContextValid(context))?.context;
    if (linked === undefined) return super.randomnessOfRoot(links);
    return readOtMember(linked.traceState)?.randomness ?? randomnessOf(linked.traceId);
  }
}
