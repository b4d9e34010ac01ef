// Finds the installed copies of packages in a project.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A copy of a package in a project. */
export interface Installed {
  name: string;
  version: string;
  path: string;
}

const maxDepth = 6;
const maxFolders = 20_000;

/** The package of which all others must see the same copy. */
const api = '@opentelemetry/api';

/**
 * Finds all copies of the packages that `wanted` names in a project's node_modules, also nested ones; each real folder once. In a
 * workspace these may be in node_modules of an enclosing folder; with pnpm, dependencies of packages are beside these.
 */
export function installedPackages(project: string, wanted: (name: string) => boolean): Installed[] {
  const found = new Map<string, Installed>();
  let folders = 0;
  const look = (modules: string, depth: number): void => {
    for (const name of packageNames(modules)) {
      if (folders++ > maxFolders) return;
      const folder = join(modules, name);
      if (wanted(name)) add(found, name, folder);
      if (depth < maxDepth) look(join(folder, 'node_modules'), depth + 1);
    }
  };
  look(join(project, 'node_modules'), 0);
  const visible = new Set([...found.values()].map(({ name }) => name));
  for (const folder of enclosing(dirname(resolve(project)))) {
    const names = packageNames(join(folder, 'node_modules')).filter((name) => wanted(name) && !visible.has(name));
    for (const name of names) {
      add(found, name, join(folder, 'node_modules', name));
      visible.add(name);
    }
  }
  const users = [...found.values()].filter(({ name }) => name === 'mqtrace' || name.startsWith('@opentelemetry/'));
  for (const { path } of users) {
    if (!wanted(api)) break;
    const used = enclosing(path)
      .map((folder) => join(basename(folder) === 'node_modules' ? folder : join(folder, 'node_modules'), api))
      .find((folder) => existsSync(folder));
    if (used !== undefined) add(found, api, used);
  }
  return [...found.values()];
}

/** Whether Yarn keeps the packages of a project in archives, without node_modules. */
export function usesPlugAndPlay(project: string): boolean {
  return enclosing(resolve(project)).some(
    (folder) => existsSync(join(folder, '.pnp.cjs')) || existsSync(join(folder, '.pnp.js')),
  );
}

/** A folder and those around it, up to the root. */
export function enclosing(folder: string): string[] {
  const outer = dirname(folder);
  return outer === folder ? [folder] : [folder, ...enclosing(outer)];
}

function add(found: Map<string, Installed>, name: string, folder: string): void {
  try {
    const path = realpathSync(folder);
    const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version?: string };
    found.set(path, { name, version: version ?? '0.0.0', path });
  } catch {
    // A folder without a package.json is not a package.
  }
}

function packageNames(modules: string): string[] {
  return foldersOf(modules).flatMap((name) =>
    name.startsWith('@') ? foldersOf(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}

function foldersOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** Compares `major.minor.patch`; anything after it is ignored. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number));
  for (const at of [0, 1, 2]) {
    const difference = (a![at] || 0) - (b![at] || 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
