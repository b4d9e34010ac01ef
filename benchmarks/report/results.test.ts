import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { allResults, mergeResults, readResults, type Results, writeResults } from './results.ts';

const machine = (node: string): never => ({ node }) as never;
const path = (name: string, batch: number): never => ({ name, batch }) as never;
const part = (node: string, ...results: never[]): Results => ({ paths: { machine: machine(node), results } });

test('a new result replaces the one of the same name, and other parts are kept', () => {
  const startup = { machine: machine('20.1.0'), results: [path('mqtrace', 0)] };
  const before = { ...part('20.1.0', path('a', 1), path('b', 1)), startup };
  expect(mergeResults(before, part('20.2.0', path('b', 2), path('c', 2)))).toEqual({
    ...part('20.2.0', path('a', 1), path('b', 2), path('c', 2)),
    startup,
  });
});

test('results are written one per line, and read in the order of versions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-results-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeResults(join(folder, 'node-22.json'), part('22.1.0', path('a', 1)));
  writeResults(join(folder, 'node-8.json'), part('8.1.0', path('a', 1), path('b', 1)));
  expect(readResults(join(folder, 'none.json'))).toEqual({});
  expect(allResults(folder)).toEqual([part('8.1.0', path('a', 1), path('b', 1)), part('22.1.0', path('a', 1))]);
  expect(readFileSync(join(folder, 'node-8.json'), 'utf8')).toContain('      {"name":"a","batch":1},\n');
});
