// Compiles a consumer's project and every example of the documentation against the packed package, with every supported
// compiler and module resolution, strict and with `skipLibCheck: false`, which also checks the published declarations.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { examples, fileName } from '../../test-support/examples.ts';
import { shortProject } from './short-project.ts';
import { root } from './tarball.ts';

// Compiling is slow on a busy machine; the time limit is not part of the test.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let project: string;
let folder: string;

beforeAll(() => {
  project = shortProject();
  mkdirSync(join(project, 'compiled'), { recursive: true });
  // Below the project, so that its packages are found.
  folder = mkdtempSync(join(project, 'compiled', 'run-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles files without output. Returns the compiler's messages. */
async function compile(compiler: string, files: readonly string[], options: Record<string, string>): Promise<string> {
  const all: Record<string, string> = {
    strict: 'true',
    exactOptionalPropertyTypes: 'true',
    skipLibCheck: 'false',
    noEmit: 'true',
    target: 'es2022',
    lib: 'es2023',
    types: 'node',
    ...(compiler === 'typescript-7' && { ignoreConfig: 'true' }),
    ...options,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const tsc = join(project, 'node_modules', compiler, 'bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, ...args, ...files], { cwd: folder });
  // The compiler writes its messages to standard output.
  return (await run.catch((error: { stdout: string }) => error)).stdout;
}

test.each([
  ['typescript', 'nodenext', 'nodenext', ['mts', 'cts']],
  ['typescript', 'node16', 'node16', ['cts']],
  ['typescript', 'node20', 'node16', ['mts']],
  ['typescript', 'esnext', 'bundler', ['ts']],
  ['typescript', 'commonjs', 'node10', ['ts']],
  ['typescript-7', 'nodenext', 'nodenext', ['mts', 'cts']],
  ['typescript-7', 'node20', 'node16', ['mts', 'cts']],
  ['typescript-7', 'esnext', 'bundler', ['ts']],
  ['typescript-7', 'commonjs', 'bundler', ['ts']],
])('a consumer compiles with %s, module %s, resolution %s', async (compiler, module, moduleResolution, extensions) => {
  const files = extensions.map((extension) => `consumer.${extension}`);
  for (const file of files) cpSync(join(root, 'integration-tests/lanes/consumer/consumer.ts'), join(folder, file));
  expect(await compile(compiler, files, { module, moduleResolution })).toBe('');
});

test.each(['typescript', 'typescript-7'])('every example of the documentation compiles with %s', async (compiler) => {
  const all = examples(root).filter(({ language }) => language === 'js' || language === 'ts');
  const files = all.map((example) => fileName(example, example.language === 'js' ? 'mjs' : 'mts'));
  for (const [index, { code }] of all.entries()) writeFileSync(join(folder, files[index]!), code);
  expect(files.length).toBeGreaterThan(20);
  const options = { module: 'nodenext', moduleResolution: 'nodenext', allowJs: 'true', checkJs: 'true' };
  expect(await compile(compiler, files, options)).toBe('');
});
