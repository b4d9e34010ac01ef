// Prepares the project of the short lanes: compilers, a bundler and a test runner beside the packed package, installed
// once per lock file.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root, unpackInto } from './tarball.ts';

const source = join(root, 'integration-tests/lanes/short');

/** Installs what is missing, and the current build of the package. Returns the project's folder. */
export function shortProject(): string {
  const lock = readFileSync(join(source, 'package-lock.json'));
  const folder = join(cache, `short-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  const installed = join(folder, 'installed');
  if (!existsSync(installed)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(folder, file));
    execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], { cwd: folder });
    writeFileSync(installed, '');
  }
  unpackInto(folder);
  return folder;
}
