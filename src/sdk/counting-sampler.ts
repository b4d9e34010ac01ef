// Counts the decisions of a sampler.
import { trace } from '@opentelemetry/api';
import type { LightSampler } from '../export/light-tracer.ts';
import type { StartedSpans } from '../export/started-spans.ts';

/** Wraps a sampler and counts its decisions: unsampled spans reach no other component. @internal */
export function countingSampler(sampler: LightSampler, counts: StartedSpans): LightSampler {
  return {
    get readsOnly() {
      return sampler.readsOnly;
    },
    get ignoresAttributes() {
      return sampler.ignoresAttributes;
    },
    get ignoresLinks() {
      return sampler.ignoresLinks;
    },
    // Parameters are listed, because a rest array would cost as much as the decision.
    shouldSample: (context, traceId, spanName, spanKind, attributes, links) => {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      counts.start(trace.getSpanContext(context), result.decision);
      return result;
    },
    toString: () => sampler.toString(),
  };
}
