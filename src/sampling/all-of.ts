// Implements allOf(): a sampler that keeps the spans which all of its members keep.
import type { SpanContext } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { Combination } from './combination.ts';
import { dropIntent, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { compare, reaches } from './threshold.ts';

class AllOf extends Combination {
  override intent(request: SamplingRequest): Intent {
    let settled: Intent | undefined;
    let waiting: Intent[] | undefined;
    // Every member is called even if the first one drops the span: samplers that measure the load must see every span.
    for (const member of this.members) {
      const intent = member.intent(request);
      if (intent.fallback) (waiting ??= []).push(intent);
      else settled = settled ? stricter(settled, intent) : intent;
    }
    if (!waiting) return settled ?? dropIntent;
    if (settled && !reaches(request.randomness, settled.threshold)) return settled;
    return { ...dropIntent, fallback: (asked) => everyYes(settled, waiting, asked) };
  }

  override neverSamplesRoot(traceId: string): boolean {
    return this.members.every((member) => member.neverSamplesRoot(traceId));
  }

  override neverSamplesBelowUnsampled(parent: SpanContext): boolean {
    return this.members.some((member) => member.neverSamplesBelowUnsampled(parent));
  }
}

/** The larger threshold; its weight is known only if the other weight is known as well. */
function stricter(a: Intent, b: Intent): Intent {
  const larger = compare(a.threshold, b.threshold) >= 0 ? a : b;
  if (larger.weighed === (a.weighed && b.weighed)) return larger;
  return { threshold: larger.threshold, weighed: false, attributes: larger.attributes };
}

function everyYes(
  settled: Intent | undefined,
  waiting: readonly Intent[],
  request: SamplingRequest,
): Intent | undefined {
  let all = settled;
  for (const intent of waiting) {
    const kept = reaches(request.randomness, intent.threshold) ? intent : intent.fallback?.(request);
    if (!kept) return undefined;
    all = all ? stricter(all, kept) : kept;
  }
  return all;
}

/**
 * Keeps only spans that all samplers keep, by the largest threshold, so that weights stay exact. All members see every span, except
 * `credits` and samplers of other packages: these are called only if all others keep the span, in the given order.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function allOf(...samplers: Sampler[]): Sampler {
  return new AllOf('allOf', samplers);
}
