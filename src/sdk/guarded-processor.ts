import { type Context, diag } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';

/**
 * A span processor of the application, kept from throwing into the calls that make and end spans.
 *
 * @internal
 */
export class GuardedProcessor implements SpanProcessor {
  readonly #inner: SpanProcessor;

  constructor(inner: SpanProcessor) {
    this.#inner = inner;
  }

  onStart(span: Span, parentContext: Context): void {
    guard('onStart', () => this.#inner.onStart(span, parentContext));
  }

  onEnding(span: Span): void {
    guard('onEnding', () => this.#inner.onEnding?.(span));
  }

  onEnd(span: ReadableSpan): void {
    guard('onEnd', () => this.#inner.onEnd(span));
  }

  // Async, so that a synchronous throw becomes a rejection, which flush and shutdown report.
  async forceFlush(): Promise<void> {
    await this.#inner.forceFlush();
  }

  async shutdown(): Promise<void> {
    await this.#inner.shutdown();
  }
}

function guard(method: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    diag.error(`mqtrace: ${method} of a span processor failed`, error);
  }
}
