// Provides a tracer provider with seeded ids for tests of samplers.
import { ROOT_CONTEXT, trace, type Context, type Span, type SpanOptions } from '@opentelemetry/api';
import { TracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { createSampling, type Sampling, type SamplingOptions } from '../create-sampling.ts';
import { seededIds } from './random.ts';

/** A provider of the real SDK with seeded ids, and the spans that reached the end of its pipeline. */
export interface Setup {
  readonly sampling: Sampling;
  readonly start: (name: string, parent?: Span | Context, options?: SpanOptions) => Span;
  readonly exported: ReadableSpan[];
  readonly names: () => string[];
}

/** Receives what an exporting processor receives: sampled spans. */
function collector(exported: ReadableSpan[]): SpanProcessor {
  return {
    onStart: () => undefined,
    onEnd: (span) => {
      if (span.spanContext().traceFlags & 1) exported.push(span);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

export function setUp(options: SamplingOptions, random: () => number = Math.random): Setup {
  const exported: ReadableSpan[] = [];
  const sampling = createSampling(options, collector(exported));
  const provider = new TracerProvider({
    sampler: sampling.sampler,
    spanProcessors: [sampling.spanProcessor],
    idGenerator: seededIds(random),
  });
  const tracer = provider.getTracer('test');
  return {
    sampling,
    exported,
    start: (name, parent = ROOT_CONTEXT, spanOptions = {}) =>
      tracer.startSpan(name, spanOptions, 'spanContext' in parent ? trace.setSpan(ROOT_CONTEXT, parent) : parent),
    names: () => exported.map(({ name }) => name),
  };
}

/** The threshold with which a span is exported. */
export function thOf(span: ReadableSpan): string | undefined {
  return /(?:^|;)th:([^;]*)/.exec(span.spanContext().traceState?.get('ot') ?? '')?.[1];
}
