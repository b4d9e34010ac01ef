// Implements anyOf(): a sampler that keeps the spans which any of its members keeps.
import type { SpanContext } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { Combination } from './combination.ts';
import { dropIntent, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { compare } from './threshold.ts';

class AnyOf extends Combination {
  override intent(request: SamplingRequest): Intent {
    let smallest: Intent = dropIntent;
    let waiting: Intent[] | undefined;
    // Every member is called even if the first one keeps all: samplers that measure the load must see every span.
    for (const member of this.members) {
      const intent = member.intent(request);
      if (precedes(intent, smallest)) smallest = intent;
      if (intent.fallback) (waiting ??= []).push(intent);
    }
    if (!waiting) return smallest;
    const { threshold, weighed, attributes } = smallest;
    return { threshold, weighed, attributes, fallback: (asked) => firstYes(waiting, asked) };
  }

  override neverSamplesRoot(traceId: string): boolean {
    return this.members.every((member) => member.neverSamplesRoot(traceId));
  }

  override neverSamplesBelowUnsampled(parent: SpanContext): boolean {
    return this.members.every((member) => member.neverSamplesBelowUnsampled(parent));
  }
}

/** At equal thresholds, the one with a known weight wins. */
function precedes(a: Intent, b: Intent): boolean {
  const order = compare(a.threshold, b.threshold);
  return order < 0 || (order === 0 && a.weighed && !b.weighed);
}

function firstYes(waiting: readonly Intent[], request: SamplingRequest): Intent | undefined {
  for (const intent of waiting) {
    const kept = intent.fallback?.(request);
    if (kept) return kept;
  }
  return undefined;
}

/**
 * Keeps spans that any of the samplers keeps, by the smallest threshold, so that weights stay exact. All members see every span,
 * except `credits` and samplers of other packages: these are called only if all others drop the span, in the given order.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function anyOf(...samplers: Sampler[]): Sampler {
  return new AnyOf('anyOf', samplers);
}
