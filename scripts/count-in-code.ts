// Counts what is not allowed in the code that handles every message, for the tests of this folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The source without its comments. */
export function withoutComments(source: string): string {
  return source.replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
}

/** What `count` counts in each source of these folders, by the path; those with nothing to count are omitted. */
export function countInCode(folders: readonly string[], count: (source: string) => number): Record<string, number> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/test(-d)?\.ts$|testing\//.test(name))
      .map((name) => `${folder}/${name}`),
  );
  expect(files.length).toBeGreaterThan(60);
  const found = files.map((file) => [file, count(readFileSync(join(root, file), 'utf8'))] as const);
  return Object.fromEntries(found.filter(([, each]) => each > 0));
}
