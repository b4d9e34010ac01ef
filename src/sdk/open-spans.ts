// Tracks spans that have not ended.
import type { SpanContext } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';

/** A span that has not ended. */
export interface OpenSpan {
  /** The name that it started with. */
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Milliseconds since it was started. */
  readonly ageMs: number;
}

/** Options of {@link Tracing.openSpans}. */
export interface OpenSpansOptions {
  /** Milliseconds that a span must have been open for. Default 60000. */
  readonly olderThanMs?: number | undefined;
}

/** The maximum number of tracked spans; a span that starts beyond it is not tracked. */
const maxFollowed = 10_000;

/**
 * Tracks recorded spans from start to end by name and ids only, so that it does not keep span objects in memory.
 *
 * @internal
 */
export class OpenSpans implements SpanProcessor {
  /** In the order in which they started. */
  readonly #open = new Map<SpanContext, { readonly name: string; readonly startedAt: number }>();

  onStart(span: Span): void {
    if (this.#open.size < maxFollowed)
      this.#open.set(span.spanContext(), { name: span.name, startedAt: performance.now() });
  }

  onEnd(span: ReadableSpan): void {
    this.#open.delete(span.spanContext());
  }

  /** Open spans, the oldest first. */
  list({ olderThanMs = 60_000 }: OpenSpansOptions = {}): OpenSpan[] {
    const now = performance.now();
    const found: OpenSpan[] = [];
    for (const [{ traceId, spanId }, { name, startedAt }] of this.#open) {
      const ageMs = now - startedAt;
      if (ageMs < olderThanMs) break;
      found.push({ name, traceId, spanId, ageMs });
    }
    return found;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
