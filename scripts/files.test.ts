import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Checks the rules of CONTRIBUTING.md for every source file.
const root = fileURLToPath(new URL('..', import.meta.url));
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((name) => /\.(?:[cm]?[jt]s|tsx|css)$/.test(name));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

/** Whether a file begins with a comment whose first part is a sentence or a noun phrase: it starts with a capital (or code) and ends. */
function beginsWithSentence(source: string): boolean {
  const comment = /^(?:#![^\n]*\n)?(?:\/\/[^\n]*\n)+|^(?:#![^\n]*\n)?\/\*.*?\*\//s.exec(source)?.[0] ?? '';
  const text = comment.replace(/^#![^\n]*\n/, '').replaceAll(/^\s*(?:\/\/|\/?\*+\/?)\s?|\*\/$/gm, '');
  return /^["'`A-Z$][^]*?[.:](?:\s|$)/.test(text.trim());
}

test('a comment sentence is recognized', () => {
  expect(beginsWithSentence("// Counts dropped headers.\nimport 'a';")).toBe(true);
  expect(beginsWithSentence('/** Styles of the page. */\nbody {}')).toBe(true);
  expect(beginsWithSentence('#!/usr/bin/env node\n// The\n// `mqtrace` command.\n')).toBe(true);
  expect(beginsWithSentence("import 'a';\n// Counts.")).toBe(false);
  expect(beginsWithSentence('// eslint-disable\n')).toBe(false);
});

test('every module begins with a sentence that describes its purpose', () => {
  const modules = files.filter(
    (name) => /^(?:src|carriers|test-support|scripts)\//.test(name) && !/\.test(?:-d)?\.ts$/.test(name),
  );
  expect(modules.length).toBeGreaterThan(300);
  expect(modules.filter((name) => !beginsWithSentence(read(name)))).toEqual([]);
});

test('no source file has more than 300 lines', () => {
  expect(files.filter((name) => read(name).split('\n').length - 1 > 300)).toEqual([]);
});

test('docs/architecture.md names every file of the wrappers', () => {
  const page = read('docs/architecture.md');
  const names = files
    .filter((name) => /^src\/(?:kafkajs|amqplib|ioredis)\/[^/]+\.ts$/.test(name) && !/\.test(?:-d)?\.ts$/.test(name))
    .filter((name) => !/\/trace-[^/]+$/.test(name));
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !new RegExp(`\`${/([^/]+)\.ts$/.exec(name)![1]}(?:\\.ts)?\``).test(page))).toEqual([]);
});

test('the folders of the wrappers have the files that docs/architecture.md lists', () => {
  const [, table = ''] = read('docs/architecture.md').split('### The files of a wrapper');
  const [roles = ''] = table.split('To find a behaviour:');
  const names = [...roles.matchAll(/^\| `([\w*-]+\.ts)`/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(10);
  const missing = ['kafkajs', 'amqplib', 'ioredis'].flatMap((client) =>
    names
      .map((name) => `src/${client}/${name}`)
      .filter((path) => !files.some((file) => new RegExp(`^${path.replace('*', '[\\w-]+')}$`).test(file))),
  );
  expect(missing).toEqual([]);
});
