// Implements a sampler whose delegate can be replaced at run time.
import type { Attributes, Context, Link, SpanContext, SpanKind } from '@opentelemetry/api';
import type { SamplingResult } from '@opentelemetry/sdk-trace';
import { ConsistentSampler, type Intent, type SamplingRequest } from './consistent-sampler.ts';

/** Delegates to a sampler that can be replaced at run time. @internal */
export class Switchable extends ConsistentSampler {
  current: ConsistentSampler;

  constructor(current: ConsistentSampler) {
    super();
    this.current = current;
  }

  override get randomSource(): (() => number) | undefined {
    return this.current.randomSource;
  }

  override get readsOnly(): boolean {
    return this.current.readsOnly;
  }

  override get ignoresAttributes(): boolean {
    return this.current.ignoresAttributes;
  }

  override get ignoresLinks(): boolean {
    return this.current.ignoresLinks;
  }

  override intent(request: SamplingRequest): Intent {
    return this.current.intent(request);
  }

  override neverSamplesRoot(traceId: string): boolean {
    return this.current.neverSamplesRoot(traceId);
  }

  override neverSamplesBelowUnsampled(parent: SpanContext): boolean {
    return this.current.neverSamplesBelowUnsampled(parent);
  }

  override shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    return this.current.shouldSample(context, traceId, name, kind, attributes, links);
  }

  override toString(): string {
    return String(this.current);
  }
}
