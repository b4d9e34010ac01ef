import { type Context, diag } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { callHook } from '../common/faults.ts';

/**
 * A span processor kept from throwing into the calls that make, end, flush and shut down.
 *
 * @internal
 */
export class GuardedProcessor implements SpanProcessor {
  readonly #inner: SpanProcessor;

  constructor(inner: SpanProcessor) {
    this.#inner = inner;
  }

  onStart(span: Span, parentContext: Context): void {
    callHook('onStart of a span processor', () => this.#inner.onStart(span, parentContext));
  }

  onEnding(span: Span): void {
    callHook('onEnding of a span processor', () => this.#inner.onEnding?.(span));
  }

  onEnd(span: ReadableSpan): void {
    callHook('onEnd of a span processor', () => this.#inner.onEnd(span));
  }

  async forceFlush(): Promise<void> {
    await settle('flush', () => this.#inner.forceFlush());
  }

  async shutdown(): Promise<void> {
    await settle('shutdown', () => this.#inner.shutdown());
  }
}

/** Never rejects: the provider would stop waiting for the others at the first rejection. */
async function settle(what: string, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    diag.error(`mqtrace: ${what} did not export everything`, error);
  }
}
