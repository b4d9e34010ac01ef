// The sampler that keeps what any of several keeps.
import type { SpanContext } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { Combination } from './combination.ts';
import { dropIntent, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { compare } from './threshold.ts';

class AnyOf extends Combination {
  override intent(request: SamplingRequest): Intent {
    let smallest: Intent = dropIntent;
    let waiting: Intent[] | undefined;
    // Every member is asked even when the first already keeps all: those that measure the load must see it.
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

/** At equal thresholds the one whose weight is known goes first. */
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
 * Keeps what any of the samplers keeps: the smallest threshold of all, so that weights stay exact. All members see every span, except
 * `credits` and samplers that are not from here: these are asked only if all others said no, in the order given.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function anyOf(...samplers: Sampler[]): Sampler {
  return new AnyOf('anyOf', samplers);
}
