// The sampler that follows what a span links.
import { isSpanContextValid, type Link, type SpanContext } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { ConsistentSampler, keptBy, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { composable } from './foreign.ts';
import { always } from './threshold.ts';
import { isSampled } from '../common/is-sampled.ts';

const linked = keptBy('linkBased', always, false);

class LinkBased extends ConsistentSampler {
  readonly #root: ConsistentSampler;

  constructor(root: ConsistentSampler) {
    super();
    this.#root = root;
  }

  override get randomSource(): (() => number) | undefined {
    return this.#root.randomSource;
  }

  override get readsOnly(): boolean {
    return this.#root.readsOnly;
  }

  override intent(request: SamplingRequest): Intent {
    // Asked even when a link decides: if it measures the load, it must see it.
    const intent = this.#root.intent(request);
    return request.links.some(isSampledLink) ? linked : intent;
  }

  override neverSamplesBelowUnsampled(_parent: SpanContext): boolean {
    return false;
  }

  override toString(): string {
    return `linkBased(${String(this.#root)})`;
  }
}

function isSampledLink({ context }: Link): boolean {
  return isSampled(context) && isSpanContextValid(context);
}

/**
 * Keeps a span that links to a sampled one, such as a consumer that processes a message in a trace of its own while the producer was kept, and asks
 * `root` about all others. What a link decides carries no `th`: a span with many links is more likely to be kept, with an unknown probability.
 * Use it below `parentBased`: `parentBased(linkBased(ratio(0.1)))`.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function linkBased(root: Sampler): Sampler {
  return new LinkBased(composable('linkBased(root)', root));
}
