// Counts what a sampler decides.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { dropped, recordedAndSampled } from '../sampling/decision.ts';

/** Spans as the sampler sees them; unrecorded ones reach nothing else. @internal */
export interface SamplerCounts {
  created: number;
  recorded: number;
  sampled: number;
}

/** The same sampler, counting. @internal */
export function countingSampler(sampler: Sampler, counts: SamplerCounts): Sampler {
  return {
    // Named one by one: an array of them would cost as much as the decision.
    shouldSample: (context, traceId, spanName, spanKind, attributes, links) => {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      counts.created++;
      if (result.decision !== dropped) counts.recorded++;
      if (result.decision === recordedAndSampled) counts.sampled++;
      return result;
    },
    toString: () => sampler.toString(),
  };
}
