// Implements the context of a received message that is not sampled, with its `traceparent` as text: its ids are read from it later.
import { type Baggage, type Context, type Span, trace } from '@opentelemetry/api';
import { markValid } from '../common/valid-span-context.ts';
import { baggageKey, FieldContext, randomKey, spanKey } from './field-context.ts';
import { spanContextOf } from './plain-traceparent.ts';

/**
 * As `UnsampledContext`, for clients that decode headers to text. The ids of most unsampled messages are never read: until then, the
 * text is kept and nothing else is created.
 */
export class UnsampledText implements Context {
  readonly traceFlags: number;
  readonly #traceparent: string;
  readonly #baggage: Baggage | undefined;
  readonly #marksRandom: boolean;
  /** Created when it is first read. */
  #span: Span | undefined = undefined;

  /**
   * @param traceparent - one of version 00 in the common form, which has been checked: without any flag but the random one.
   * @param marksRandom - whether its trace id is known to be random, also without the span.
   */
  constructor(traceparent: string, traceFlags: number, baggage: Baggage | undefined, marksRandom: boolean) {
    this.#traceparent = traceparent;
    this.traceFlags = traceFlags;
    this.#baggage = baggage;
    this.#marksRandom = marksRandom;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return (this.#span ??= this.#createSpan());
    if (key === baggageKey) return this.#baggage;
    return key === randomKey ? this.#randomTraceId() : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#toFields().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#toFields().deleteValue(key);
  }

  #toFields(): Context {
    const span = (this.#span ??= this.#createSpan());
    return FieldContext.of(span, this.#baggage, this.#randomTraceId());
  }

  #randomTraceId(): string | undefined {
    if (!this.#marksRandom) return undefined;
    return (this.#span ??= this.#createSpan()).spanContext().traceId;
  }

  #createSpan(): Span {
    const spanContext = spanContextOf(this.#traceparent, this.traceFlags);
    markValid(spanContext, true);
    return trace.wrapSpanContext(spanContext);
  }
}
