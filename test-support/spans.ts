// Records the spans of a test with a real SDK, as the provider of an application.
import {
  context,
  type Context,
  type ContextManager,
  type SpanContext,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type Span,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach } from 'vitest';

/** A tracer provider and its spans. */
export interface Recording {
  readonly tracerProvider: TracerProvider;
  /** The ended spans, in the order in which they ended. */
  spans(): ReadableSpan[];
  /** The one ended span of this name. Throws if there is none or more than one. */
  span(name: string): ReadableSpan;
  /** All ended spans of this name. */
  named(name: string): ReadableSpan[];
  /** Names of the spans that were started and have not ended. */
  open(): string[];
  /** Discards the ended spans. */
  clear(): void;
}

/** Tracks open spans. A span that ends twice appears twice in `spans()`. */
class OpenSpans implements SpanProcessor {
  readonly open: Set<string> = new Set();
  onStart(span: Span): void {
    this.open.add(`${span.name} ${span.spanContext().spanId}`);
  }
  onEnd(span: ReadableSpan): void {
    this.open.delete(`${span.name} ${span.spanContext().spanId}`);
  }
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Starts a recording. The provider is not registered globally; the context manager, which contexts need, is. */
export function recordSpans({ sampler }: { sampler?: Sampler } = {}): Recording {
  useContextManager();
  const exporter = new InMemorySpanExporter();
  const openSpans = new OpenSpans();
  const tracerProvider = new BasicTracerProvider({
    ...(sampler !== undefined && { sampler }),
    spanProcessors: [new SimpleSpanProcessor(exporter), openSpans],
  });
  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);
  return {
    tracerProvider,
    spans,
    named,
    span(name: string): ReadableSpan {
      const [found, ...more] = named(name);
      if (found === undefined || more.length > 0) {
        const names = spans().map((span) => span.name);
        throw new Error(`expected one span "${name}", there are ${JSON.stringify(names)}`);
      }
      return found;
    },
    open: () => [...openSpans.open].map((entry) => entry.slice(0, entry.lastIndexOf(' '))),
    clear: () => exporter.reset(),
  };
}

/** As {@link recordSpans}, registered with OpenTelemetry for the tests of this file, and cleared before each of them. */
export function recordRegisteredSpans(): Recording {
  const recording = recordSpans();
  beforeAll(() => {
    useContextManager();
    trace.setGlobalTracerProvider(recording.tracerProvider);
  });
  beforeEach(() => recording.clear());
  afterAll(() => {
    trace.disable();
    context.disable();
    contextManager = undefined;
  });
  return recording;
}

let contextManager: ContextManager | undefined;

/** Registers OpenTelemetry's context manager, once. */
export function useContextManager(): void {
  if (contextManager !== undefined) return;
  contextManager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contextManager);
}

/** Runs `fn` in a span of the application, as within a request. */
export async function underSpan<T>(
  recording: Recording,
  fn: (app: SpanContext) => Promise<T> | T,
  parent: Context = context.active(),
): Promise<T> {
  const span = recording.tracerProvider.getTracer('application').startSpan('application', {}, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => fn(span.spanContext()));
  } finally {
    span.end();
  }
}

/** The span contexts that a span links, as `trace id-span id`. */
export function linked(span: ReadableSpan): string[] {
  return span.links.map((link) => `${link.context.traceId}-${link.context.spanId}`);
}

/** `trace id-span id` of a span, to compare with {@link linked}. */
export function idOf(span: ReadableSpan | SpanContext): string {
  const { traceId, spanId } = 'spanContext' in span ? span.spanContext() : span;
  return `${traceId}-${spanId}`;
}
