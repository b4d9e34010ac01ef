import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../docs/sdk.md', import.meta.url), 'utf8');
const folder = new URL('.', import.meta.url);

function matches(file: string, pattern: RegExp): string[] {
  return [...readFileSync(new URL(file, folder), 'utf8').matchAll(pattern)].map((match) => match[1] ?? '');
}

test('the page documents every option', () => {
  const options = matches('options.ts', /^ {2}readonly (\w+)\?:/gm);
  expect(options).toContain('serviceName');
  expect(options.filter((name) => !page.includes(`\n| \`${name}\` `))).toEqual([]);
});

test('the page documents every variable that is read', () => {
  const sources = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const variables = new Set(sources.flatMap((file) => matches(file, /'(OTEL_[A-Z_]+[A-Z])'/g)));
  expect(variables).toContain('OTEL_SERVICE_NAME');
  expect([...variables].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
