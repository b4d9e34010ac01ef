// Remembers the context in which the origin of a pipeline was written last.
import { type Context, type SpanContext, trace, type TraceState } from '@opentelemetry/api';

/**
 * A context with the origin of a pipeline in its trace state, and what it depends on: an application often sends several messages in
 * one context and millisecond.
 */
export class WrittenOrigin {
  /** The context with the origin. */
  readonly written: Context;
  readonly #context: Context;
  readonly #spanContext: SpanContext;
  readonly #traceId: string;
  readonly #spanId: string;
  readonly #traceFlags: number;
  readonly #traceState: TraceState | undefined;
  readonly #from: number;
  readonly #to: number;

  /**
   * @param context - the context of the send.
   * @param spanContext - that of its span.
   * @param from - the times for which it is valid, in milliseconds since the epoch: this one
   * @param to - up to this one.
   */
  constructor(context: Context, spanContext: SpanContext, written: Context, from: number, to: number) {
    this.written = written;
    this.#context = context;
    this.#spanContext = spanContext;
    this.#traceId = spanContext.traceId;
    this.#spanId = spanContext.spanId;
    this.#traceFlags = spanContext.traceFlags;
    this.#traceState = spanContext.traceState;
    this.#from = from;
    this.#to = to;
  }

  /** Whether a send in this context has the same origin at this time. A span context may have been modified since. */
  isFor(context: Context, now: number): boolean {
    if (context !== this.#context || !(now >= this.#from && now <= this.#to)) return false;
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || spanContext !== this.#spanContext) return false;
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    const isSame = traceId === this.#traceId && spanId === this.#spanId && traceFlags === this.#traceFlags;
    return isSame && traceState === this.#traceState;
  }
}
