import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as published from '@opentelemetry/semantic-conventions/incubating';
import { expect, test } from 'vitest';
import * as names from './semconv.ts';

const publishedNames = new Set<unknown>(Object.values(published));
const ours = Object.entries(names).flatMap(([name, value]) => (name.startsWith('ATTR_') ? [value as string] : []));

test('every attribute is defined by the published conventions, or is in the mqtrace namespace', () => {
  expect(ours.length).toBeGreaterThan(20);
  const unknown = ours.filter((name) => !publishedNames.has(name) && !name.startsWith('mqtrace.'));
  expect(unknown).toEqual([]);
});

test('the names of version 1.30 are published, too', () => {
  const attributes = Object.fromEntries(ours.map((name) => [name, 'x']));
  const old = Object.keys(names.toVersion(attributes, '1.30')).filter((name) => !name.startsWith('mqtrace.'));
  expect(old).not.toEqual(ours);
  expect(old.filter((name) => !publishedNames.has(name))).toEqual([]);
});

test('the newest schema is that of the checked conventions', () => {
  const main = createRequire(import.meta.url).resolve('@opentelemetry/semantic-conventions');
  const root = main.slice(0, main.indexOf('semantic-conventions') + 'semantic-conventions'.length);
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  expect(names.schemaUrls.latest).toBe(`https://opentelemetry.io/schemas/${version}`);
  expect(names.schemaUrls.dup).toBe(names.schemaUrls.latest);
});
