// Measures paths with one process for each variant of a family, in turns of short slices.
import { startSink, Worker } from '../runner/worker.ts';
import { quantile, round, summarise, type Summary } from '../report/statistics.ts';
import { type Choice, casesOf, type Family, nameOf, variantsOf } from './cases.ts';

/** The cost of one case with one variant. */
export interface Figure extends Summary {
  /** Bytes allocated per message. Missing for batches so large that garbage is collected meanwhile. */
  readonly bytes?: number;
}

/** One case with the result of each variant: microseconds of processor time per message. */
export interface PathResult {
  readonly client: string;
  readonly family: string;
  readonly name: string;
  readonly batch: number;
  readonly baggage: number;
  readonly figures: Readonly<Record<string, Figure>>;
}

export interface PathOptions {
  readonly families: readonly Family[];
  readonly variants: readonly string[];
  readonly choice: Choice;
  /** Slices of each variant and case. */
  readonly rounds: number;
  /** The minimum number of messages of a slice. */
  readonly messages: number;
  readonly node: string;
  readonly log: (line: string) => void;
  /** Receives the results of each family as soon as they are available, so that an aborted run still has results. */
  readonly save?: (results: readonly PathResult[]) => void;
}

const warmUp = 6;
/** So many that what a garbage collection leaves to be swept is small beside it. */
const bytesMessages = 1000;
const bytesRounds = 5;

export async function measurePaths(options: PathOptions): Promise<PathResult[]> {
  const sink = await startSink();
  try {
    const results: PathResult[] = [];
    for (const family of options.families) {
      const measured = await measureFamily(family, sink.url, options);
      options.save?.(measured);
      results.push(...measured);
    }
    return results;
  } finally {
    sink.stop();
  }
}

async function measureFamily(family: Family, sink: string, options: PathOptions): Promise<PathResult[]> {
  const started = variantsOf(family, options.variants).map(async (variant) => {
    const args = [family.client, family.name, variant, sink];
    return [variant, await Worker.start('paths/worker.js', args, options.node)] as const;
  });
  const settled = await Promise.allSettled(started);
  const workers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    const results: PathResult[] = [];
    for (const { batch, baggage } of casesOf(family, options.choice)) {
      const name = nameOf(family, { batch, baggage });
      options.log(name);
      const figures = await measureCase(workers, batch, baggage, options);
      results.push({ client: family.client, family: family.name, name, batch, baggage, figures });
    }
    for (const [variant, worker] of workers) {
      const exported = await worker.call<number>('exported');
      const isSampled = variant.endsWith('-100') && !variant.includes('+ignored');
      if (exported > 0 !== isSampled) throw new Error(`${family.name}, ${variant}: ${exported} spans were exported`);
    }
    return results;
  } finally {
    for (const [, worker] of workers) worker.stop();
  }
}

async function measureCase(
  workers: readonly (readonly [string, Worker])[],
  batch: number,
  baggage: number,
  { rounds, messages }: PathOptions,
): Promise<Record<string, Figure>> {
  const count = Math.max(batch, messages);
  const times = new Map(workers.map(([variant]) => [variant, [] as number[]]));
  for (let at = -warmUp; at < rounds; at++) {
    // In each round the order of the variants changes.
    for (let turn = 0; turn < workers.length; turn++) {
      const [variant, worker] = workers[(turn + at + warmUp) % workers.length]!;
      const took = await worker.call<number>('slice', batch, baggage, count);
      if (at >= 0) times.get(variant)!.push(took);
    }
  }
  const figures: Record<string, Figure> = {};
  for (const [variant, worker] of workers) {
    const bytes = batch <= 100 ? { bytes: await bytesOf(worker, batch, baggage) } : undefined;
    figures[variant] = { ...summarise(times.get(variant)!), ...bytes };
  }
  return figures;
}

async function bytesOf(worker: Worker, batch: number, baggage: number): Promise<number> {
  const bytes: number[] = [];
  for (let at = 0; at < bytesRounds; at++) {
    bytes.push(await worker.call<number>('bytes', batch, baggage, bytesMessages));
  }
  return Math.round(
    round(
      quantile(
        bytes.toSorted((a, b) => a - b),
        0.5,
      ),
    ),
  );
}
