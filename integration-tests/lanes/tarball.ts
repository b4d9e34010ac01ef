// Packs the package as it would be published, which every lane installs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));
/** Kept between runs; not part of the repository. */
export const cache: string = join(root, '.cache', 'lanes');

/** Packs the built package into a folder. Returns the tarball's path. */
export function packTarball(folder: string): string {
  if (!existsSync(join(root, 'dist')))
    throw new Error('there is no dist: run "npm run build" first, as "npm test" does');
  mkdirSync(folder, { recursive: true });
  const options = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const name = execFileSync('npm', options, { cwd: root, encoding: 'utf8' }).trim();
  return join(folder, name);
}

/** Extracts the packed package into the `node_modules` of a project whose other packages are already installed. */
export function unpackInto(project: string): void {
  const modules = join(project, 'node_modules');
  const tarball = packTarball(project);
  rmSync(join(modules, 'mqtrace'), { recursive: true, force: true });
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'mqtrace'));
  rmSync(tarball);
}
