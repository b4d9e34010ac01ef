// Writes the table of docs/parenting.md from the results of measuring.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { replaceBlock, table } from '../../../benchmarks/report/markdown.ts';
import type { Durations, Shape } from './measure.ts';

/** One row of the table. */
export interface Result {
  readonly shape: Shape;
  readonly durations?: Durations | undefined;
}

const resultsFile = fileURLToPath(new URL('results.json', import.meta.url));

/** The results that the page shows. */
export function readResults(): Result[] {
  return JSON.parse(readFileSync(resultsFile, 'utf8')) as Result[];
}

/** Replaces the results that the page shows. */
export function writeResults(results: readonly Result[]): void {
  writeFileSync(resultsFile, `${JSON.stringify(results, undefined, 2)}\n`);
}

const header = [
  '',
  '`parenting`',
  'traces',
  'spans in each',
  'edges between services',
  'to the broker',
  'ms of send, process',
];

function row({ shape, durations }: Result, isFirst: boolean): string[] {
  const { title, parenting, traces, pairs, toBroker, toUnknown } = shape;
  // Both are the same spans: a Collector that does not name the broker says "unknown".
  if (toBroker !== toUnknown) throw new Error(`${toBroker} spans lead to a named broker, ${toUnknown} to "unknown"`);
  return [
    isFirst ? title : '',
    `\`'${parenting}'\``,
    `${traces.length}`,
    traces.join(', '),
    Object.entries(pairs)
      .map(([edge, count]) => `${edge.replace('->', '→')}: ${count}`)
      .join(', ') || 'none',
    `${toBroker}`,
    durations === undefined ? '' : `${durations.clientMs}, ${durations.serverMs}`,
  ];
}

/** The page with the table of these results. */
export function withTable(page: string, results: readonly Result[]): string {
  const isFirst = ({ shape: { scenario } }: Result, at: number): boolean =>
    results[at - 1]?.shape.scenario !== scenario;
  const rows = results.map((result, at) => row(result, isFirst(result, at)));
  return replaceBlock(page, 'parenting', table(header, rows));
}
