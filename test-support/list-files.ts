// Lists the files of a directory that other processes change at the same time.
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The paths of all files below a directory. A directory that is removed meanwhile has no files: with `recursive`,
 * Node's `readdirSync` throws ENOENT for it.
 */
export function listFiles(directory: string, ending = ''): string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return listFiles(path, ending);
    return path.endsWith(ending) ? [path] : [];
  });
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
