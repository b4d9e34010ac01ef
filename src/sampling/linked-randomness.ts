// A sampler that gives a new trace the randomness of the trace that it links to, so that a share keeps both or neither.
import { isSpanContextValid, type Attributes, type Context, type Link, type SpanKind } from '@opentelemetry/api';
import type { SamplingResult } from '@opentelemetry/sdk-trace';
import { validParent } from './consistent-sampler.ts';
import { readOtMember } from './ot-member.ts';
import { Switchable } from './switchable.ts';
import { randomnessOf, type Halves } from './threshold.ts';

/**
 * Delegates to a sampler, as {@link Switchable} does. A root with links gets the randomness of the first linked trace, written as `rv` to its trace state: each
 * consistent sampler, also the share of a Collector, then decides for both traces in the same way.
 * @internal
 */
export class LinkedRandomness extends Switchable {
  override get ignoresLinks(): boolean {
    return false;
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
      : super.shouldSample(context, traceId, name, kind, attributes, links);
  }

  protected override randomnessOfRoot(links: readonly Link[]): Halves | undefined {
    const linked = links.find(({ context }) => isSpanContextValid(context))?.context;
    if (linked === undefined) return super.randomnessOfRoot(links);
    return readOtMember(linked.traceState)?.randomness ?? randomnessOf(linked.traceId);
  }
}
