// Counts what a sampler decides.
import { trace } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import type { StartedSpans } from '../export/started-spans.ts';

/** The same sampler, counting what it decides: unsampled spans reach nothing else. @internal */
export function countingSampler(sampler: Sampler, counts: StartedSpans): Sampler {
  return {
    // Named one by one: an array of them would cost as much as the decision.
    shouldSample: (context, traceId, spanName, spanKind, attributes, links) => {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      counts.start(trace.getSpanContext(context), result.decision);
      return result;
    },
    toString: () => sampler.toString(),
  };
}
