// Measures what Jaeger and a Collector's service graph make of each shape with each value of `parenting`.
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../brokers/wait.ts';
import type { Backends } from '../compose.ts';
import { queryTrace, type ShownSpan } from '../jaeger.ts';
import { type Edge, readEdges } from './graph.ts';
import { type Addresses, type Parenting, type Run, runAll } from './scenarios.ts';

/** What one run looks like, without what differs from run to run. */
export interface Shape {
  readonly scenario: string;
  readonly title: string;
  readonly parenting: Parenting;
  /** The number of spans of each trace, in the order in which they were started. */
  readonly traces: readonly number[];
  /** Edges between services, each as `client -> server` with its count. */
  readonly pairs: Readonly<Record<string, number>>;
  /** Spans without another end that a graph draws to the broker's name. */
  readonly toBroker: number;
  /** The same spans in a Collector that does not name brokers. */
  readonly toUnknown: number;
  /** Spans at which a trace starts, which a graph draws as called by `user`. */
  readonly fromUser: number;
}

/** The mean durations of the pairs of a run, in milliseconds. */
export interface Durations {
  readonly clientMs: number;
  readonly serverMs: number;
}

/** A run with its traces as Jaeger returns them. */
export interface Measured {
  readonly shape: Shape;
  /** Undefined if nothing is paired. */
  readonly durations: Durations | undefined;
  readonly traces: readonly (readonly ShownSpan[])[];
  /** The service graph in which brokers have names. */
  readonly edges: readonly Edge[];
}

const sum = (edges: readonly Edge[]): number => edges.reduce((total, { count }) => total + count, 0);

function durationsOf(pairs: readonly Edge[]): Durations | undefined {
  const count = sum(pairs);
  if (count === 0) return undefined;
  const mean = (of: 'clientMs' | 'serverMs'): number =>
    Math.round((10 * pairs.reduce((total, edge) => total + edge[of] * edge.count, 0)) / count) / 10;
  return { clientMs: mean('clientMs'), serverMs: mean('serverMs') };
}

async function measureRun(run: Run, jaeger: string, graphs: { named: Edge[]; plain: Edge[] }): Promise<Measured> {
  const traces = await Promise.all(run.traceIds.map((traceId) => queryTrace(jaeger, traceId)));
  const named = graphs.named.filter(({ namespace }) => namespace === run.namespace);
  const plain = graphs.plain.filter(({ namespace }) => namespace === run.namespace);
  const pairs = named.filter(({ isVirtual }) => !isVirtual);
  const shape: Shape = {
    scenario: run.scenario.name,
    title: run.scenario.title,
    parenting: run.parenting,
    traces: traces.map((spans) => spans.length),
    pairs: Object.fromEntries(
      pairs
        .map(({ client, server, count }) => [`${client} -> ${server}`, count] as const)
        .toSorted(([a], [b]) => a.localeCompare(b)),
    ),
    toBroker: sum(named.filter(({ server }) => server === 'kafka' || server === 'rabbitmq')),
    toUnknown: sum(plain.filter(({ server }) => server === 'unknown')),
    fromUser: sum(named.filter(({ client }) => client === 'user')),
  };
  return { shape, durations: durationsOf(pairs), traces, edges: named };
}

/** Runs every shape with every value, and waits until the graphs have counted also what is not paired. */
export async function measureAll(
  brokers: Omit<Addresses, 'collector'>,
  { collectorHttp, jaeger, namedGraph, defaultGraph }: Backends,
  log: (line: string) => void,
): Promise<Measured[]> {
  const runs = await runAll({ ...brokers, collector: collectorHttp }, log);
  let before = '';
  // Unpaired spans are counted when the Collector has waited for their other end: `ttl` in otel-collector.yaml.
  const graphs = await until(
    'the service graphs',
    async () => {
      const [named, plain] = await Promise.all([readEdges(namedGraph), readEdges(defaultGraph)]);
      const now = JSON.stringify([named, plain]);
      const isStable =
        now === before && runs.every((run) => named.some(({ namespace }) => namespace === run.namespace));
      before = now;
      if (!isStable) {
        await sleep(15_000);
        throw new Error('they still change');
      }
      return { named, plain };
    },
    { probeMs: 30_000 },
  );
  return Promise.all(runs.map((run) => measureRun(run, jaeger, graphs)));
}
