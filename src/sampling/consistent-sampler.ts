// Base class of samplers that decide by a threshold (OTEP 235 and 250).
import {
  trace,
  type Attributes,
  type Context,
  type Link,
  type SpanContext,
  type SpanKind,
  type TraceState,
} from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { dropped, notSampled, recordedAndSampled } from './decision.ts';
import { readOtMember, writeOtMember, type OtMember } from './ot-member.ts';
import { never, randomnessOf, reaches, drawRandomness, type Halves } from './threshold.ts';

/** A span for which a sampling decision is made. @internal */
export interface SamplingRequest {
  readonly context: Context;
  readonly traceId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links: Link[];
  /** Undefined for a root, including when the context holds an invalid span. */
  readonly parent: SpanContext | undefined;
  readonly ot: OtMember | undefined;
  /** The randomness R of OTEP 235: the value of `rv`, else taken from the trace id. */
  readonly randomness: Halves;
}

/** The decision of a sampler before R is compared with its threshold. Samplers are composed by their intents (OTEP 250). @internal */
export interface Intent {
  /** The rejection threshold T of OTEP 235: the span is kept if R >= T. */
  readonly threshold: Halves;
  /** Whether T is the true probability. If not, a kept span gets no `th`: its weight is unknown. */
  readonly weighed: boolean;
  /** Attributes for a span that is kept by this intent. */
  readonly attributes: Attributes;
  /** Called only if R does not reach T, for decisions that cannot be expressed as a threshold; undefined drops the span. */
  readonly fallback?: ((request: SamplingRequest) => Intent | undefined) | undefined;
  /** The cached result for a root without a trace state, because most intents are used for many spans. */
  rootResult?: SamplingResult | undefined;
}

/** @internal */
export const dropIntent: Intent = { threshold: never, weighed: false, attributes: {} };

/** The attribute that names the sampler that kept a span. @internal */
export const samplerNameAttribute = 'sampler.name';

/** @internal */
export function keptBy(name: string, threshold: Halves, weighed = true): Intent {
  return { threshold, weighed, attributes: { [samplerNameAttribute]: name } };
}

/**
 * A sampler that expresses its decision as a threshold, so that several can be combined without distorting the weights. Each one is
 * also a complete OpenTelemetry `Sampler` for any provider.
 * @internal
 */
export abstract class ConsistentSampler implements Sampler {
  /** A random source for roots whose trace ids may not be random; undefined: the trace id is the randomness. */
  get randomSource(): (() => number) | undefined {
    return undefined;
  }

  /** Whether it never modifies the given attributes and links, so that it does not need copies. */
  get readsOnly(): boolean {
    return true;
  }

  /** Whether it never reads the attributes, so that they need not be collected for it. */
  get ignoresAttributes(): boolean {
    return false;
  }

  /** Whether it never reads the links, not even those of a root. */
  get ignoresLinks(): boolean {
    return false;
  }

  abstract intent(request: SamplingRequest): Intent;

  /** Whether a root with this trace id is certainly not sampled, for samplers that decide by the trace id alone. */
  neverSamplesRoot(_traceId: string): boolean {
    return false;
  }

  /** Whether a span below an unsampled parent is certainly not sampled. */
  neverSamplesBelowUnsampled(_parent: SpanContext): boolean {
    return false;
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    return this.decide(validParent(context), context, traceId, name, kind, attributes, links);
  }

  /** The randomness that a root gets instead of its trace id's, to be written to its trace state; undefined: none. */
  protected randomnessOfRoot(_links: readonly Link[]): Halves | undefined {
    const { randomSource } = this;
    return randomSource && drawRandomness(randomSource);
  }

  protected decide(
    parent: SpanContext | undefined,
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const ot = readOtMember(parent?.traceState);
    let randomness = ot?.randomness;
    let drawn: Halves | undefined;
    if (!randomness) {
      drawn = parent ? undefined : this.randomnessOfRoot(links);
      randomness = drawn ?? randomnessOf(traceId);
    }
    const request: SamplingRequest = { context, traceId, name, kind, attributes, links, parent, ot, randomness };
    const intent = this.intent(request);
    const kept = reaches(randomness, intent.threshold) ? intent : intent.fallback?.(request);
    return kept ? sampled(kept, request, drawn) : unsampled(request, drawn);
  }

  abstract toString(): string;
}

/** @internal */
export function validParent(context: Context): SpanContext | undefined {
  // In two steps, because most roots are decided by the first.
  const parent = trace.getSpan(context)?.spanContext();
  return parent && isValidSpanContext(parent) ? parent : undefined;
}

function sampled(kept: Intent, request: SamplingRequest, drawn: Halves | undefined): SamplingResult {
  if (!request.parent && !drawn) return (kept.rootResult ??= sampledResult(kept, newRootState(kept)));
  const { ot, parent } = request;
  const threshold = kept.weighed ? kept.threshold : undefined;
  if (parent && sameThreshold(threshold, ot?.threshold)) return sampledResult(kept, undefined);
  return sampledResult(kept, writeOtMember(parent?.traceState, threshold, drawn ?? ot?.randomness, ot?.rest ?? ''));
}

function newRootState(kept: Intent): TraceState | undefined {
  return kept.weighed ? writeOtMember(undefined, kept.threshold, undefined, '') : undefined;
}

function sampledResult({ attributes }: Intent, traceState: TraceState | undefined): SamplingResult {
  const decision = recordedAndSampled;
  return traceState ? { decision, attributes, traceState } : { decision, attributes };
}

/** A `th` that means "kept" must not be propagated with a flag that means "not kept"; a `th` that agrees with the flag is kept. */
function unsampled({ ot, parent, randomness }: SamplingRequest, drawn: Halves | undefined): SamplingResult {
  const lies = ot?.threshold !== undefined && reaches(randomness, ot.threshold);
  if (!lies && !drawn) return notSampled;
  const traceState = writeOtMember(parent?.traceState, undefined, drawn ?? ot?.randomness, ot?.rest ?? '');
  return { decision: dropped, traceState };
}

function sameThreshold(a: Halves | undefined, b: Halves | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.hi === b.hi && a.lo === b.lo);
}
