// Installs other versions of Node.js.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cache } from './tarball.ts';

/** The executable of another version of Node.js, from the package `node`; kept between runs. */
export async function nodeOf(version: string | undefined): Promise<string> {
  if (version === undefined) return process.execPath;
  const folder = join(cache, `node-${version}`);
  const program = join(folder, 'node_modules/node/bin/node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    // Its install script copies the executable.
    const args = ['install', `node@${version}`, '--no-audit', '--no-fund', '--silent'];
    await promisify(execFile)('npm', args, { cwd: folder });
  }
  return program;
}
