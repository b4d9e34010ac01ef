// Prepares the project of the short lanes: compilers, a bundler and a test runner beside the packed package.
import { cachedProject } from './cached-project.ts';
import { unpackInto } from './tarball.ts';

/** Installs what is missing, and the current build of the package. Returns the project's folder. */
export function shortProject(): string {
  const folder = cachedProject('short');
  unpackInto(folder);
  return folder;
}
