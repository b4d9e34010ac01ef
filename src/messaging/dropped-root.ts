// Implements the context of a batch whose span is certainly not recorded.
import { type Context, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { spanKey } from '../propagation/field-context.ts';
import { startSpans } from './spans.ts';
import type { TracerSource } from './tracer.ts';

/**
 * The root context with a root span that is certainly not recorded, and only provides a trace for messages that are sent in it. Most
 * handlers of a batch send none outside `processMessage`: the span is created when it is first read.
 */
export class DroppedRoot implements Context {
  readonly #tracer: TracerSource;
  #started: Context | undefined = undefined;

  constructor(tracer: TracerSource) {
    this.#tracer = tracer;
  }

  getValue(key: symbol): unknown {
    return key === spanKey ? this.#start().getValue(key) : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#start().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#start().deleteValue(key);
  }

  #start(): Context {
    this.#started ??= startSpans(this.#tracer, 'process', { kind: SpanKind.CONSUMER }, ROOT_CONTEXT).context;
    return this.#started;
  }
}
