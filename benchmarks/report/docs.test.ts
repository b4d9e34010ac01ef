import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { PathResult } from '../paths/measure.ts';
import type { Machine } from '../runner/machine.ts';
import { blocksOf, writeDocs } from './docs.ts';
import type { Results } from './results.ts';
import { summarise } from './statistics.ts';

const machine: Machine = {
  node: '20.1.0',
  v8: '11',
  processor: 'Test Processor',
  cores: 2,
  memoryGb: 4,
  load: 0.1,
  at: '2026-01-02T03:04',
  versions: {},
};
const path = (name: string, batch: number, baggage: number, ours: number): PathResult => ({
  client: 'kafkajs',
  family: 'kafkajs send',
  name,
  batch,
  baggage,
  figures: Object.fromEntries(
    Object.entries({ raw: 1, context: 1.1, 'auto-0': 5, 'mqtrace-0': ours, 'own-0': 3 }).map(([variant, time]) => [
      variant,
      { ...summarise([time, time + 1]), bytes: time * 100 },
    ]),
  ),
});
const results: Results[] = [
  {
    paths: {
      machine,
      results: [path('send of 1', 1, 0, 2), path('send of 10', 10, 0, 1.5), path('send of 1, 8 entries', 1, 8, 2.5)],
    },
  },
];

test('a path has the added cost of each set-up, minimum and median, and the ratio to the auto-instrumentation', () => {
  const { paths } = blocksOf(results);
  expect(paths).toContain('**Node.js 20.1.0**, 2 cores of an Test Processor, load 0.1 at the start, 2026-01-02:');
  expect(paths).toMatch(/\| send of 1 +\| 0\.10 \(0\.10\) +\| +\| 4\.00 \(4\.00\) \| 1\.00 \(1\.00\), 0\.25 /);
  expect(paths).not.toContain('8 entries');
});

test('baggage and batches are varied separately', () => {
  const { baggage, batches, bytes } = blocksOf(results);
  expect(baggage).toMatch(/\| path +\| with +\| 0 entries \| 8 entries \|/);
  expect(baggage).toMatch(/\| send of 1 +\| `startTracing` +\| 1\.00 +\| 1\.50 +\|/);
  expect(blocksOf([{ paths: { machine, results: [path('send of 1', 1, 0, 2)] } }])['baggage']).toBe(
    'Not measured yet.',
  );
  expect(batches).toMatch(/\| kafkajs send \| `startTracing` +\| 1\.00 \| 0\.50 \|/);
  expect(bytes).toMatch(/\| send of 10 +\| 400 +\| 50 +\| 200 /);
});

test('the blocks of a page are written, and parts without a measurement say so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const page = join(folder, 'page.md');
  const names = Object.keys(blocksOf([]));
  writeFileSync(page, names.map((name) => `<!-- ${name}: by a command -->\n<!-- end of ${name} -->\n`).join('\n'));
  writeDocs(results, page);
  const text = readFileSync(page, 'utf8');
  expect(text).toContain('| nothing sampled');
  expect(text).toMatch(/<!-- brokers: by a command -->\n\nNot measured yet\.\n\n<!-- end of brokers -->/);
});
