// Implements linkBased(): a sampler that follows the links of a span.
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
    // Called even if a link decides: a sampler that measures the load must see every span.
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
 * Keeps a span that links to a sampled span, such as a consumer with its own trace for a message of a sampled producer, and calls
 * `root` for all others. A span that is kept because of a link gets no `th`: a span with many links is more likely to be kept, with
 * an unknown probability. Use it below `parentBased`: `parentBased(linkBased(ratio(0.1)))`.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function linkBased(root: Sampler): Sampler {
  return new LinkBased(composable('linkBased(root)', root));
}
