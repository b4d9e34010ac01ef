import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readResults } from '../integration-tests/compared/results.ts';
import { withTables } from '../integration-tests/compared/table.ts';

const page = readFileSync(new URL('compared.md', import.meta.url), 'utf8');

test('the tables of docs/compared.md have the answers of the compared tracers', () => {
  expect(withTables(page, readResults())).toBe(page);
});
