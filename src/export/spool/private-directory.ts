// Creates directories that only their owner can read.
import { lstatSync, mkdirSync } from 'node:fs';

const mine: number | undefined = process.getuid?.();

/**
 * Ensures that `path` is a directory of this user that no other user can read, and not a link.
 *
 * @throws Error if it is not, or cannot be created.
 * @internal
 */
export function ensurePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  assertPrivateDirectory(path);
}

/** @throws Error if `path` is not a private directory of this user. @internal */
export function assertPrivateDirectory(path: string): void {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw new Error(`${path} is not a directory`);
  if (mine !== undefined && stat.uid !== mine) throw new Error(`${path} belongs to another user`);
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) throw new Error(`${path} can be used by others`);
}
