import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readResults, withTable } from '../integration-tests/backends/parenting/table.ts';

const page = readFileSync(new URL('parenting.md', import.meta.url), 'utf8');

test('the table of docs/parenting.md has the measured results', () => {
  expect(withTable(page, readResults())).toBe(page);
});

test('a span that leads to a broker in one graph and nowhere in the other is an error', () => {
  const [first, ...rest] = readResults();
  const wrong = { ...first!, shape: { ...first!.shape, toUnknown: first!.shape.toUnknown + 1 } };
  expect(() => withTable(page, [wrong, ...rest])).toThrow('lead to a named broker');
});
