import { context, trace, type TracerProvider } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach } from 'vitest';

/** A real SDK whose finished spans a test can look at. */
export interface RecordedSpans {
  provider: TracerProvider;
  /** The spans that ended since the test began, in the order of their ends. */
  finished(): ReadableSpan[];
  /** The one span of this name; throws where there is none or more than one. */
  one(name: string): ReadableSpan;
  named(name: string): ReadableSpan[];
}

/** Registers a real SDK and context manager for the tests of a file, and forgets the spans before each test. */
export function recordSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(provider);
  });
  beforeEach(() => exporter.reset());
  afterAll(() => {
    trace.disable();
    context.disable();
  });
  const named = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
  return {
    provider,
    finished: () => exporter.getFinishedSpans(),
    named,
    one(name) {
      const [span, ...more] = named(name);
      if (span === undefined || more.length > 0) {
        throw new Error(
          `expected one span "${name}", got: ${exporter
            .getFinishedSpans()
            .map((s) => s.name)
            .join(', ')}`,
        );
      }
      return span;
    },
  };
}
