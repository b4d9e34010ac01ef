// Starts the services of one run: each with tracing of its own, and all spans of the run with its name as namespace.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { startTracing, type Tracing } from 'mqtrace/sdk';

/** The services of one run. */
export interface Services {
  readonly of: (name: string) => Tracing;
  /** The traces that the run has created, in the order of their first spans. */
  readonly traceIds: () => string[];
  readonly stop: () => Promise<void>;
}

/**
 * Starts services that export to a Collector.
 *
 * @param namespace - `service.namespace` of all spans, which tells the runs apart in a service graph.
 */
export function startServices(collector: string, namespace: string, names: readonly string[]): Services {
  const seen = new Set<string>();
  const recorder = {
    onStart: (span: Pick<ReadableSpan, 'spanContext'>) => void seen.add(span.spanContext().traceId),
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const started = new Map(
    names.map((serviceName, at) => [
      serviceName,
      startTracing({
        serviceName,
        // The API has one context manager and one propagator in a process: those of the first.
        register: at === 0,
        environment: 'ignore',
        resourceAttributes: { 'service.namespace': namespace },
        export: { protocol: 'http/protobuf', endpoint: collector },
        spanProcessors: [recorder],
      }),
    ]),
  );
  return {
    of: (name) => started.get(name)!,
    traceIds: () => [...seen],
    async stop() {
      // One after another: a service graph pairs a message with the consumer whose span arrives first.
      for (const tracing of started.values()) await tracing.shutdown();
    },
  };
}
