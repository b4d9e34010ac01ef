// Finds and adopts the spool files of processes that have ended.
import { lstat, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isDead, parseOwner, thisOwner, type Owner } from './owner.ts';
import { assertPrivateDirectory } from './private-directory.ts';
import { O_NOFOLLOW, O_RDONLY, ownerFile, type Spool } from './spool.ts';
import { parseSpoolFile, type SpoolFile } from './spool-file.ts';

async function readOwner(directory: string): Promise<Owner | undefined> {
  try {
    const handle = await open(join(directory, ownerFile), O_RDONLY | O_NOFOLLOW);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
      return parseOwner(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Milliseconds since the owner's heartbeat, or since the last change of a directory without an owner. */
async function sinceHeartbeat(directory: string): Promise<number> {
  const found = await lstat(join(directory, ownerFile)).catch(() => lstat(directory));
  return Date.now() - found.mtimeMs;
}

/**
 * Adopts the batches of ended processes for the same destination, by renaming each file into the directory of this instance: if
 * several processes try, one succeeds.
 *
 * @internal
 */
export async function adoptAbandoned(spool: Spool, nextSequence: () => number): Promise<SpoolFile[]> {
  const adopted: SpoolFile[] = [];
  const me = thisOwner();
  for (const name of await readdir(spool.destination).catch(() => [])) {
    if (name === spool.instance || name === 'damaged') continue;
    const directory = join(spool.destination, name);
    try {
      assertPrivateDirectory(directory);
      if (!isDead(await readOwner(directory), me, await sinceHeartbeat(directory))) continue;
    } catch {
      continue;
    }
    adopted.push(...(await adoptInstance(spool, directory, nextSequence)));
  }
  return adopted;
}

async function adoptInstance(spool: Spool, directory: string, nextSequence: () => number): Promise<SpoolFile[]> {
  const adopted: SpoolFile[] = [];
  const names = await readdir(directory).catch(() => []);
  for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) {
    const path = join(directory, name);
    if (name === ownerFile) continue;
    if (name.endsWith('.tmp')) {
      // The process ended while writing it: these spans were not reported as stored.
      await unlink(path).catch(() => undefined);
      continue;
    }
    const entry = await lstat(path).catch(() => undefined);
    const file = entry?.isFile() === true ? parseSpoolFile(name, entry.size, nextSequence()) : undefined;
    if (file === undefined || !spool.hasRoomFor(file.bytes)) continue;
    try {
      spool.prepare();
      await rename(path, join(spool.path, name));
    } catch {
      continue;
    }
    spool.bytes += file.bytes;
    adopted.push(file);
  }
  await removeIfEmpty(directory);
  return adopted;
}

/** Removes an instance that contains only its owner file; it is kept if it contains foreign files. */
async function removeIfEmpty(directory: string): Promise<void> {
  const left = await readdir(directory).catch(() => [ownerFile, '?']);
  if (left.some((name) => name !== ownerFile)) return;
  await unlink(join(directory, ownerFile)).catch(() => undefined);
  await rmdir(directory).catch(() => undefined);
}
