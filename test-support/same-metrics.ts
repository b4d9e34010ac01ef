// Compares what a wrapper measures of messages without a span, by its fast path and without it.
import { type Context, context, ROOT_CONTEXT, trace, type TracerProvider } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, NodeTracerProvider, ParentBasedSampler, type Sampler } from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { expect, onTestFinished, vi } from 'vitest';
import { tracingFaults } from '../src/common/faults.ts';
import { suppressTracing } from '../src/common/suppression.ts';
import { MetricsReader } from '../src/metrics/reader.ts';
import { readSeries } from '../src/metrics/testing/read-series.ts';
import { replaceClocks } from './clock.ts';

/** What a run has: the options of the wrapper, and the time in milliseconds, which only the run advances. */
export interface Run {
  readonly options: {
    readonly tracerProvider: TracerProvider;
    readonly fastPath: boolean;
    readonly propagator: 'mqtrace';
  };
  readonly clock: { ticks: number };
}

/**
 * Expects that steps have the same series with the fast path and without it.
 *
 * @param root - the sampler of messages that continue no trace.
 * @param run - performs the steps on a traced stub; what it returns must be the same too.
 * @returns how many times tracing has failed meanwhile.
 */
export async function compareMetrics<Step>(
  steps: fc.Arbitrary<Step[]>,
  numRuns: number,
  run: (steps: readonly Step[], given: Run) => unknown,
  root: Sampler = new AlwaysOnSampler(),
): Promise<number> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  onTestFinished(() => {
    vi.restoreAllMocks();
    context.disable();
  });
  const measure = async (each: readonly Step[], fastPath: boolean): Promise<object> => {
    const reader = new MetricsReader('cumulative');
    const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root }) });
    const clock = { ticks: 10_000_000 };
    replaceClocks(
      () => clock.ticks,
      () => 1_759_990_000_000 + clock.ticks,
    );
    const seen = await run(each, { options: { tracerProvider, fastPath, propagator: 'mqtrace' }, clock });
    const series = readSeries(reader);
    reader.close();
    return { series, seen };
  };
  const faults = tracingFaults();
  await fc.assert(
    fc.asyncProperty(steps, async (each) => {
      expect(await measure(each, true)).toEqual(await measure(each, false));
    }),
    { numRuns },
  );
  return tracingFaults() - faults;
}

const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 0,
});

/** The contexts in which messages are sent. */
export const contexts: Readonly<Record<'unsampled' | 'nothing' | 'suppressed', Context>> = {
  unsampled,
  nothing: ROOT_CONTEXT,
  suppressed: suppressTracing(unsampled),
};

/** The name of one of them. */
export const within: fc.Arbitrary<keyof typeof contexts> = fc.constantFrom(
  'unsampled',
  'unsampled',
  'nothing',
  'suppressed',
);

/** The arguments of a client as text. The slow way creates an unsampled span, of which only the id reaches the client. */
export const withoutSpanIds = (args: unknown): string => JSON.stringify(args).replaceAll(/-[\da-f]{16}-/g, '-id-');
