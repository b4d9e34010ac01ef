// Keeps the faults of a span processor out of the application's calls.
import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { reportFault, settleHook } from '../common/faults.ts';

/**
 * A span processor that never throws and whose promises never reject. Each fault is counted. Called for each span, so it creates
 * no closures.
 *
 * @internal
 */
export class GuardedProcessor implements SpanProcessor {
  readonly #inner: SpanProcessor;

  constructor(inner: SpanProcessor) {
    this.#inner = inner;
  }

  onStart(span: Span, parentContext: Context): void {
    try {
      settleHook('onStart of a span processor', this.#inner.onStart(span, parentContext));
    } catch (error) {
      reportFault('onStart of a span processor', error);
    }
  }

  onEnding(span: Span): void {
    try {
      settleHook('onEnding of a span processor', this.#inner.onEnding?.(span));
    } catch (error) {
      reportFault('onEnding of a span processor', error);
    }
  }

  onEnd(span: ReadableSpan): void {
    try {
      settleHook('onEnd of a span processor', this.#inner.onEnd(span));
    } catch (error) {
      reportFault('onEnd of a span processor', error);
    }
  }

  forceFlush(): Promise<void> {
    return settle('forceFlush of a span processor', () => this.#inner.forceFlush());
  }

  shutdown(): Promise<void> {
    return settle('shutdown of a span processor', () => this.#inner.shutdown());
  }
}

/** Never rejects: the provider would stop waiting for the others at the first rejection. */
async function settle(where: string, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    reportFault(where, error);
  }
}
