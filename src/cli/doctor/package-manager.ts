// Writes the commands of the package manager that a project uses.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { enclosing } from './installed.ts';

/** The commands of a package manager, each as one line to copy. */
export interface PackageManager {
  add(...packages: string[]): string;
  /** Installs one copy of a package where its dependents allow it, and lists them. */
  dedupe(name: string): string;
  why(name: string): string;
}

type Name = 'npm' | 'pnpm' | 'yarn' | 'bun';

const lockfiles: readonly (readonly [string, Name])[] = [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

/** By `packageManager` in package.json and by lockfiles, of the project or of an enclosing folder; else npm. */
export function packageManagerOf(project: string): PackageManager {
  const root = resolve(project);
  for (const folder of enclosing(root)) {
    const found = namedIn(folder);
    if (found !== undefined) return commands(found, root);
  }
  return commands('npm', root);
}

function namedIn(folder: string): Name | undefined {
  const locked = lockfiles.find(([file]) => existsSync(join(folder, file)))?.[1];
  try {
    const { packageManager } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const [name] = String(packageManager).split('@');
    return lockfiles.find(([, each]) => each === name)?.[1] ?? locked;
  } catch {
    return locked;
  }
}

function commands(name: Name, project: string): PackageManager {
  if (name === 'npm') {
    return {
      add: (...packages) => `npm install ${packages.join(' ')}`,
      dedupe: (of) => `npm dedupe && npm ls ${of}`,
      why: (of) => `npm ls ${of}`,
    };
  }
  // In the root of a workspace, pnpm adds a package only if it is told to.
  const flag = name === 'pnpm' && existsSync(join(project, 'pnpm-workspace.yaml')) ? ' -w' : '';
  const dedupe = { pnpm: 'pnpm dedupe', yarn: 'yarn dedupe', bun: 'bun update' }[name];
  return {
    add: (...packages) => `${name} add${flag} ${packages.join(' ')}`,
    dedupe: (of) => `${dedupe} && ${name} why ${of}`,
    why: (of) => `${name} why ${of}`,
  };
}
