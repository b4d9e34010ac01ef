import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lanes } from './lanes.ts';
import { type Results, withTable } from './table.ts';
import { root } from './tarball.ts';

const results = JSON.parse(readFileSync(join(root, 'integration-tests/lanes/results.json'), 'utf8')) as Results;
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test("the README's supported versions are the results of the lanes", () => {
  expect(readme).toBe(withTable(readme, results));
});

test('every lane was run, and succeeded', () => {
  const missing = lanes.filter(({ row, version }) => results[row]?.[version] !== true);
  expect(missing.map(({ row, version }) => `${row} ${version}`)).toEqual([]);
});

test('a lane that failed is not in the table', () => {
  const marks = readme.match(/<!-- (?:end of )?supported versions.*-->/g)!.join('\n');
  const written = withTable(marks, { 'Node.js': { '20.x': true, '22.x': false } });
  expect(written).toContain('| Node.js | 20.x ');
  expect(written).not.toContain('22.x');
});
