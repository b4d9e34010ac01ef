// Compares the two commands of the README, for the demo and for the tests, with what the project runs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
/** The lines of the README's shell examples. */
const shell = [...read('README.md').matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, lines]) =>
  lines!.trim().split('\n'),
);

test('the README has one command for the demo and one for the tests, both with the installation', () => {
  expect(shell).toContain('npm ci && npm run demo');
  expect(shell).toContain('npm ci && npm test');
});

test('CI runs the test command of the README, and no other', () => {
  const commands = [...read('.ci/run').matchAll(/'([^']*\bnpm [^']*)'/g)].map(([, command]) => command);
  expect(commands).toEqual(['npm ci && npm test']);
});
