// Keeps what the tests of peers install in a cache, for this run and later ones.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDirectory } from '../brokers/leftovers.ts';
import { root } from '../lanes/tarball.ts';

const cache = join(root, '.cache', 'peers');

/** Prints what is installed. */
export const log = (line: string): void => console.log(`[peers] ${line}`);

/**
 * A folder of the cache that `fill` has filled, in this run or an earlier one.
 *
 * @param facts - what the content depends on.
 */
export async function cached(name: string, facts: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, `${name}-${createHash('sha256').update(facts).digest('hex').slice(0, 12)}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return folder;
  log(`installing what ${name} needs, once, into ${folder}`);
  await removeDirectory(folder);
  await mkdir(folder, { recursive: true });
  await fill(folder);
  await writeFile(complete, '');
  return folder;
}
