// Reads and writes the results file of one version of Node.js. A new measurement replaces only its own part.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrokerResult } from '../brokers/measure.ts';
import type { PathResult } from '../paths/measure.ts';
import type { Machine } from '../runner/machine.ts';
import type { StartupResult } from '../startup/measure.ts';

/** One part, with the machine on which it was measured. */
export interface Part<T> {
  readonly machine: Machine;
  readonly results: readonly T[];
}

export interface Results {
  readonly paths?: Part<PathResult>;
  readonly options?: Part<PathResult>;
  readonly startup?: Part<StartupResult>;
  readonly brokers?: Part<BrokerResult>;
}

export const resultsFolder: string = fileURLToPath(new URL('../results/', import.meta.url));

export function resultsFile(node: string): string {
  return join(resultsFolder, `node-${node.split('.')[0]}.json`);
}

export function readResults(path: string): Results {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {};
}

/** The results of all versions of Node.js, oldest first. */
export function allResults(folder: string = resultsFolder): Results[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^node-\d+\.json$/.test(name))
    .toSorted((a, b) => Number(a.match(/\d+/)![0]) - Number(b.match(/\d+/)![0]))
    .map((name) => readResults(join(folder, name)));
}

/** Writes parts into a results file. Other parts are kept; within a part, results of the same name are replaced. */
export function writeResults(path: string, measured: Results): void {
  const merged = mergeResults(readResults(path), measured);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${textOf(merged)}\n`);
}

export function mergeResults(before: Results, measured: Results): Results {
  const merged: Record<string, Part<{ name: string }>> = { ...(before as Record<string, Part<{ name: string }>>) };
  for (const [name, part] of Object.entries(measured as Record<string, Part<{ name: string }>>)) {
    const again = new Set(part.results.map((each) => each.name));
    const kept = (merged[name]?.results ?? []).filter((each) => !again.has(each.name));
    merged[name] = { machine: part.machine, results: [...kept, ...part.results] };
  }
  return merged;
}

/** One result per line, so that diffs are readable. */
function textOf(results: Results): string {
  const parts = Object.entries(results as Record<string, Part<unknown>>).map(([name, { machine, results }]) => {
    const lines = results.map((each) => `      ${JSON.stringify(each)}`).join(',\n');
    return `  "${name}": {\n    "machine": ${JSON.stringify(machine)},\n    "results": [\n${lines}\n    ]\n  }`;
  });
  return `{\n${parts.join(',\n')}\n}`;
}
