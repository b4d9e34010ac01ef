import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { notes } from '../integration-tests/compared/notes.ts';
import { readResults } from '../integration-tests/compared/results.ts';
import { withTables } from '../integration-tests/compared/table.ts';

const page = readFileSync(new URL('compared.md', import.meta.url), 'utf8');

test('the tables of docs/compared.md have the answers of the compared tracers', () => {
  expect(withTables(page, readResults())).toBe(page);
});

test('each feature that mqtrace has not for a client has a note that says why', () => {
  const missing = Object.entries(readResults().mqtrace.answers).flatMap(([client, answers]) =>
    Object.keys(answers).flatMap((question) => (answers[question] ? [] : [`${client}: ${question}`])),
  );
  const noted = notes.flatMap(({ client, questions }) => questions.map((question) => `${client}: ${question}`));
  expect(noted.toSorted()).toEqual(missing.toSorted());
});
