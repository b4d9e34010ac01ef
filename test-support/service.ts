// Simulates one service of a pipeline in tests.
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createSampling, type Sampling, type SamplingOptions } from 'mqtrace/sdk';
import { seededIds } from '../src/sampling/testing/random.ts';
import { type Recording, recordSpans } from './spans.ts';

/** One service of a pipeline: a separate provider, as in a separate process, and its exported spans. */
export interface Service {
  readonly sampling: Sampling;
  readonly recording: Recording;
  exported(): ReadableSpan[];
  /** The trace ids of its exported spans of one operation. */
  traces(operation: string): Set<string>;
}

export function service(options: SamplingOptions, random: () => number): Service {
  const exporter = new InMemorySpanExporter();
  const sampling = createSampling(options, new SimpleSpanProcessor({ exporter }));
  const tracerProvider = new TracerProvider({
    sampler: sampling.sampler,
    spanProcessors: [sampling.spanProcessor],
    idGenerator: seededIds(random),
  });
  const exported = (): ReadableSpan[] => exporter.getFinishedSpans();
  return {
    sampling,
    recording: { ...recordSpans(), tracerProvider },
    exported,
    traces: (operation) =>
      new Set(
        exported()
          .filter(({ attributes }) => attributes['messaging.operation.name'] === operation)
          .map((span) => span.spanContext().traceId),
      ),
  };
}
