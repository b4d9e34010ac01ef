import { ROOT_CONTEXT, SpanKind, type TraceState } from '@opentelemetry/api';
import { TracerProvider, type Sampler } from '@opentelemetry/sdk-trace';
import { adaptive, allOf, alwaysOn, anyOf, perSecond, ratio } from '../src/sdk/index.ts';
import { creditsOn } from '../src/sampling/credits.ts';
import { arrivals, randomHex, randomTraceId, seeded } from '../src/sampling/testing/random.ts';
import { parseThreshold, probabilityOf } from '../src/sampling/threshold.ts';
import { TraceCap } from '../src/sampling/trace-cap.ts';

/** The load, in new traces a second: quiet, a 50-fold burst, quiet again. */
const phases = [
  { rate: 100, start: 0, end: 20 },
  { rate: 5000, start: 20, end: 30 },
  { rate: 100, start: 30, end: 60 },
] as const;
const runs = 10;

/** The time and the random numbers of this run. Time advances only as traces arrive. */
interface World {
  now: number;
  readonly random: () => number;
  /** A trace that arrived in this second was kept, with this weight (0: unknown). */
  keep(second: number, weight: number): void;
}

interface Subject {
  arrive(): void;
  end?(): void;
}

/** How each sampler is driven. */
const subjects: Readonly<Record<string, (world: World) => Subject>> = {
  'ratio(0.1)': (world) => head(world, ratio(0.1)),
  'perSecond(100)': (world) => head(world, perSecondIn(world, 100)),
  '{ ratio: 0.1, perSecond: 100 }': (world) => head(world, allOf(ratio(0.1), perSecondIn(world, 100))),
  'anyOf(ratio(0.01), perSecond(20))': (world) => head(world, anyOf(ratio(0.01), perSecondIn(world, 20))),
  'adaptive({ perSecond: 100 })': (world) =>
    head(world, adaptive({ perSecond: 100, clock: () => world.now } as { perSecond: number })),
  'credits(100, 100)': (world) =>
    head(
      world,
      creditsOn(() => world.now, 100, 100),
    ),
  'maxTracesPerSecond: 100': capped,
};

function perSecondIn(world: World, n: number): Sampler {
  return perSecond(n, { clock: () => world.now } as { window?: number });
}

function weightIn(traceState: TraceState | undefined): number {
  const threshold = parseThreshold(/th:([^;]*)/.exec(traceState?.get('ot') ?? '')?.[1] ?? '');
  return threshold ? 1 / probabilityOf(threshold) : 0;
}

function head(world: World, sampler: Sampler): Subject {
  const arrive = (): void => {
    const traceId = randomTraceId(world.random);
    const { decision, traceState } = sampler.shouldSample(ROOT_CONTEXT, traceId, 'span', SpanKind.INTERNAL, {}, []);
    if ((decision as number) === 2) world.keep(Math.floor(world.now / 1000), weightIn(traceState));
  };
  return { arrive };
}

/** The trace cap gets real spans when they end, and closes its windows by the simulated time. */
function capped(world: World): Subject {
  let due = Infinity;
  let close = (): void => undefined;
  const cap = new TraceCap(
    100,
    (span) => world.keep(Number(span.attributes['second']), weightIn(span.spanContext().traceState)),
    (run, ms) => ((due = world.now + ms), (close = run)),
  );
  const provider = new TracerProvider({
    sampler: alwaysOn,
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => cap.end(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
    idGenerator: {
      generateTraceId: () => randomTraceId(world.random),
      generateSpanId: () => `1${randomHex(world.random, 15)}`,
    },
  });
  const tracer = provider.getTracer('simulation');
  const arrive = (): void => {
    if (world.now >= due) {
      due = Infinity;
      close();
    }
    tracer.startSpan('span', { attributes: { second: Math.floor(world.now / 1000) } }).end();
  };
  return { arrive, end: () => close() };
}

/** The results of one sampler, as means over all runs. */
export interface Row {
  readonly sampler: string;
  /** Kept per second while 100 per second arrive. */
  readonly quiet: number;
  /** Kept in the first second of the burst. */
  readonly jump: number;
  /** Kept per second in the rest of the burst. */
  readonly burst: number;
  /** Seconds after the burst until at least nine tenths of the former rate are kept. */
  readonly recovery: number;
  /** Sum of weights over the number of traces, less 1; undefined where weights are unknown. */
  readonly weights: number | undefined;
  /** Kept in each second. */
  readonly kept: readonly number[];
}

/** Runs every sampler with the same load. The results are the same each time, because all random numbers are seeded. */
export function simulate(): Row[] {
  return Object.entries(subjects).map(([sampler, make], index) => {
    const kept: number[] = Array.from({ length: 60 }, () => 0);
    let [weights, offered] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const world: World = {
        now: 0,
        random: seeded(1000 * (index + 1) + run),
        keep: (second, weight) => {
          kept[second] = (kept[second] ?? 0) + 1 / runs;
          weights += weight;
        },
      };
      const subject = make(world);
      for (const { rate, start, end } of phases) {
        for (world.now of arrivals(world.random, rate, start, end)) {
          offered++;
          subject.arrive();
        }
      }
      subject.end?.();
    }
    const mean = (start: number, end: number): number =>
      kept.slice(start, end).reduce((sum, value) => sum + value, 0) / (end - start);
    const quiet = mean(2, 20);
    const recovered = kept.findIndex((count, second) => second >= 30 && count >= 0.9 * quiet);
    return {
      sampler,
      quiet,
      jump: kept[20] ?? 0,
      burst: mean(21, 30),
      recovery: recovered - 30,
      weights: weights > 0 ? weights / offered - 1 : undefined,
      kept,
    };
  });
}

const bars = '▁▂▃▄▅▆▇█';

/** As a Markdown table, with a plot of the traces kept in each second from 10 to 50 (on a root scale). */
export function toMarkdown(rows: readonly Row[]): string {
  const plot = (kept: readonly number[]): string =>
    kept
      .slice(10, 50)
      .map((count) => bars[Math.min(bars.length - 1, Math.round(Math.sqrt(count / 500) * (bars.length - 1)))])
      .join('');
  const percent = (share: number | undefined): string =>
    share === undefined ? 'unknown' : `${share < 0 ? '-' : '+'}${Math.abs(100 * share).toFixed(1)} %`;
  const cells = rows.map((row) => [
    `\`${row.sampler}\``,
    row.quiet.toFixed(0),
    row.jump.toFixed(0),
    row.burst.toFixed(0),
    `${row.recovery} s`,
    percent(row.weights),
    `\`${plot(row.kept)}\``,
  ]);
  const titles = [
    'sampler',
    '100/s',
    'first second of 5000/s',
    'rest of 5000/s',
    'recovered after',
    'weights',
    'kept, second 10 to 50',
  ];
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}
