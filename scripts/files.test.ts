import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// What CONTRIBUTING.md asks of every source file.
const root = fileURLToPath(new URL('..', import.meta.url));
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((name) => /\.(?:[cm]?[jt]s|tsx|css)$/.test(name));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

test('no source file has more than 300 lines', () => {
  expect(files.filter((name) => read(name).split('\n').length - 1 > 300)).toEqual([]);
});
