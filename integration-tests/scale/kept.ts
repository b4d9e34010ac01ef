// Compares the traces in Jaeger with the sent ones.
import { queryTrace, type ShownSpan } from '../backends/jaeger.ts';
import { query } from '../prometheus/server.ts';
import { until } from '../brokers/wait.ts';

/** A trace in Jaeger. */
export interface Kept {
  readonly spans: readonly ShownSpan[];
  /** Its spans without repetitions: service, kind and name of each, sorted. */
  readonly shape: readonly string[];
  /** How many spans are there more than once. */
  readonly repeated: number;
}

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Undefined if Jaeger does not have the trace. */
export async function keptTrace(jaeger: string, traceId: string): Promise<Kept | undefined> {
  const spans = await queryTrace(jaeger, traceId).catch((error: Error) => {
    if (error.message === 'HTTP 404') return undefined;
    throw error;
  });
  if (spans === undefined || spans.length === 0) return undefined;
  const unique = new Map(spans.map((span) => [span.spanId, span]));
  const shape = [...unique.values()].map(({ resource, kind, name }) => {
    // Names of services and destinations end with the number of the run.
    const plain = `${String(resource['service.name'])} ${kinds[kind]} ${name}`;
    return plain.replaceAll(/-[0-9a-f]{8}\b/g, '');
  });
  return { spans, shape: shape.toSorted(), repeated: spans.length - unique.size };
}

/** The traces of these ids that Jaeger has. */
export async function keptTraces(jaeger: string, traceIds: readonly string[]): Promise<Map<string, Kept>> {
  const kept = new Map<string, Kept>();
  const left = [...traceIds];
  const ask = async (): Promise<void> => {
    for (let traceId = left.pop(); traceId !== undefined; traceId = left.pop()) {
      const trace = await keptTrace(jaeger, traceId);
      if (trace) kept.set(traceId, trace);
    }
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  return kept;
}

/** The value of a query, or 0 if Prometheus has no such series. */
export async function valueOf(prometheus: string, expression: string): Promise<number> {
  const [sample] = await query(prometheus, expression);
  return sample?.value ?? 0;
}

const undecided = `sum(otelcol_processor_tail_sampling_new_trace_id_received) - sum(otelcol_processor_tail_sampling_global_count_traces_sampled)`;

/** Waits until the sampling Collectors have decided on all that they have, by what Prometheus reads of them. */
export async function allDecided(prometheus: string): Promise<void> {
  const since = Date.now() / 1000;
  await until('a decision on every trace', async () => {
    const [read, left] = await Promise.all([
      valueOf(prometheus, 'min(timestamp(up{job="collectors"}))'),
      valueOf(prometheus, undecided),
    ]);
    // The decision wait of sampler.yaml, and a scrape after it.
    if (read < since + 12 || left > 0) throw new Error(`${left} traces are not decided on`);
  });
}
