// Counts ended spans before they reach a processor.
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { isSampled } from '../common/is-sampled.ts';
import type { StartedSpans } from '../export/started-spans.ts';
import { GuardedProcessor } from '../sampling/guarded-processor.ts';

/** A guarded processor that counts ended spans. @internal */
export class CountingProcessor extends GuardedProcessor {
  readonly #counts: StartedSpans;

  constructor(inner: SpanProcessor, counts: StartedSpans) {
    super(inner);
    this.#counts = counts;
  }

  override onEnd(span: ReadableSpan): void {
    this.#counts.end(isSampled(span.spanContext()));
    super.onEnd(span);
  }
}
