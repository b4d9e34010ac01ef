// Counts ended spans before they reach a processor.
import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
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
    this.#counts.end((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0);
    super.onEnd(span);
  }
}
