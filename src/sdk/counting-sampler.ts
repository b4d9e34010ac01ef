// Counts what a sampler decides.
import { trace } from '@opentelemetry/api';
import type { LightSampler } from '../export/light-tracer.ts';
import type { StartedSpans } from '../export/started-spans.ts';

/** The same sampler, counting what it decides: unsampled spans reach nothing else. @internal */
export function countingSampler(sampler: LightSampler, counts: StartedSpans): LightSampler {
  return {
    get readsOnly() {
      return sampler.readsOnly;
    },
    // Named one by one: an array of them would cost as much as the decision.
    shouldSample: (context, traceId, spanName, spanKind, attributes, links) => {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      counts.start(trace.getSpanContext(context), result.decision);
      return result;
    },
    toString: () => sampler.toString(),
  };
}
