// Sees each CommonJS file after it was loaded, by `require` or by `import`.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, sep } from 'node:path';
import { warn } from '../common/warnings.ts';
import { guard } from '../messaging/index.ts';
import { hasOtherPreloads, watchSources } from './source-hook.ts';

/** A file of a package, and what is to be done with what it exports. */
export interface PackageFile {
  /** The package's name. */
  readonly name: string;
  /** The file's path in the package, with slashes. */
  readonly path: string;
  /** @param root - the folder of this copy of the package. */
  readonly loaded: (exports: unknown, root: string) => void;
}

interface LoadedModule {
  readonly exports: unknown;
  readonly loaded?: boolean;
}

/** Node's loader calls it once for each file. It is documented only by how many packages replace it. */
type Load = (this: LoadedModule, filename: string, ...rest: unknown[]) => unknown;

const files: PackageFile[] = [];
/** Modules that were handed over, since a file is met again when the loaded ones are searched. */
const seen = new WeakSet<object>();
let watching = false;

/**
 * Calls `loaded` for every copy of these files: at once for those that are loaded already, and right after loading for the others,
 * before whoever required or imported them gets them.
 *
 * `Module.prototype.load` runs once for each file. `require` itself, which some clients call for each request, stays untouched, and so
 * do the exports: names, identity and default exports are those of the package.
 */
export function watchFiles(more: readonly PackageFile[]): void {
  files.push(...more);
  searchLoaded();
  if (watching) return;
  watching = true;
  watchLoader();
  for (const delay of searchLateMs) setTimeout(searchLate, delay).unref();
  process.once('exit', searchLate);
}

/** Watches these files also where a hook that was preloaded has them loaded past the loader. */
export function watchHooks(): void {
  if (!hasOtherPreloads(process.execArgv, process.env['NODE_OPTIONS'])) return;
  guard('registering a module hook', () =>
    watchSources(
      files.map(({ path }) => path),
      meet,
    ),
  );
}

const searchLateMs = [10, 50, 500, 5000];

/** Nothing tells of a file that a hook of another package has loaded past the loader: clients made until now are lost. */
function searchLate(): void {
  const packages = new Set(searchLoaded());
  if (packages.size === 0) return;
  warn(
    `${[...packages].join(', ')} was loaded past the CommonJS loader of Node.js, by a module hook of another package; clients that ` +
      'were made before now are not traced. Preload mqtrace/register last (node --import OTHER --import mqtrace/register), on ' +
      'Node.js 20, from 22.22.3 or from 24.11.1; or wrap the clients explicitly',
  );
}

function watchLoader(): void {
  const prototype = (Module as unknown as { prototype: { load: Load } }).prototype;
  const { load } = prototype;
  prototype.load = function (this: LoadedModule, filename: string, ...rest: unknown[]): unknown {
    const result: unknown = load.call(this, filename, ...rest);
    guard('looking at a loaded file', () => meet(filename, this));
    return result;
  };
}

/** Meets the files that were loaded without being seen. Returns their packages' names. */
export function searchLoaded(): string[] {
  const cache = createRequire(`${process.cwd()}/`).cache as Record<string, LoadedModule | undefined>;
  return Object.entries(cache).flatMap(([filename, module]) =>
    module?.loaded === true ? (guard('looking at a loaded file', () => meet(filename, module)) ?? []) : [],
  );
}

function meet(filename: string, module: LoadedModule): string[] {
  const met: string[] = [];
  for (const file of files) {
    const tail = `/${file.path}`;
    const path = sep === '/' ? filename : filename.replaceAll(sep, '/');
    if (!path.endsWith(tail) || seen.has(module)) continue;
    const root = path.slice(0, -tail.length);
    if (packageName(root) !== file.name) continue;
    seen.add(module);
    file.loaded(module.exports, root);
    met.push(file.name);
  }
  return met;
}

/** By its manifest: a package may be installed under another name, and a folder be linked. */
function packageName(root: string): string {
  try {
    return (JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { name: string }).name;
  } catch {
    return basename(root);
  }
}
