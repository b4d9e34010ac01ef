// Notices when a CommonJS file has been loaded, by `require` or by `import`.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, sep } from 'node:path';
import { warn } from '../common/warnings.ts';
import { guard } from '../messaging/index.ts';
import { hasOtherPreloads, watchSources } from './source-hook.ts';

/** A file of a package, and a function to call with its exports. */
export interface PackageFile {
  /** The package's name. */
  readonly name: string;
  /** The file's path in the package, with slashes. */
  readonly path: string;
  /** @param root - the folder of this copy of the package. */
  readonly loaded: (exports: unknown, root: string) => void;
}

/** A class whose methods are replaced. */
export interface Class {
  prototype: object;
}

/** A file that exports a class under a name. */
export function classFile(
  name: string,
  path: string,
  className: string,
  loaded: (exported: Class) => void,
): PackageFile {
  return { name, path, loaded: (exports) => loaded((exports as Record<string, Class>)[className]!) };
}

interface LoadedModule {
  readonly exports: unknown;
  readonly loaded?: boolean;
}

/** Node's loader calls it once for each file. It is undocumented, but many packages rely on it. */
type Load = (this: LoadedModule, filename: string, ...rest: unknown[]) => unknown;

const files: PackageFile[] = [];
/** Modules already passed to `loaded`, because a search of loaded modules finds them again. */
const seen = new WeakSet<object>();
let watching = false;

/**
 * Calls `loaded` for every copy of these files: immediately for files that are already loaded, and for others right after they are
 * loaded, before the importing module gets their exports.
 *
 * `Module.prototype.load` runs once for each file. `require` itself, which some clients call for each request, is not changed. Neither
 * are the exports: names, identity and default exports are those of the package.
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

/** Watches these files also if a module hook of another preloaded package bypasses the CommonJS loader. */
export function watchHooks(): void {
  if (!hasOtherPreloads(process.execArgv, process.env['NODE_OPTIONS'])) return;
  guard('registering a module hook', () =>
    watchSources(
      files.map(({ path }) => path),
      passToWatchers,
    ),
  );
}

const searchLateMs = [10, 50, 500, 5000];

/** A file that bypassed the loader is found only by searching. Clients that were created before that are not traced. */
function searchLate(): void {
  const packages = new Set(searchLoaded());
  if (packages.size === 0) return;
  warn(
    `${[...packages].join(', ')} was loaded past the CommonJS loader of Node.js, by a module hook of another package; clients that ` +
      'were created before now are not traced. Preload mqtrace/register last (node --import OTHER --import mqtrace/register), on ' +
      'Node.js 20, from 22.22.3 or from 24.11.1; or wrap the clients explicitly',
  );
}

function watchLoader(): void {
  const prototype = (Module as unknown as { prototype: { load: Load } }).prototype;
  const { load } = prototype;
  prototype.load = function (this: LoadedModule, filename: string, ...rest: unknown[]): unknown {
    const result: unknown = load.call(this, filename, ...rest);
    guard('looking at a loaded file', () => passToWatchers(filename, this));
    return result;
  };
}

/** Finds the watched files that were loaded unnoticed. Returns their packages' names. */
function searchLoaded(): string[] {
  const cache = createRequire(`${process.cwd()}/`).cache as Record<string, LoadedModule | undefined>;
  return Object.entries(cache).flatMap(([filename, module]) =>
    module?.loaded === true ? (guard('looking at a loaded file', () => passToWatchers(filename, module)) ?? []) : [],
  );
}

/** Calls `loaded` of a file if it is watched and new. Returns the names of its packages. */
function passToWatchers(filename: string, module: LoadedModule): string[] {
  const path = sep === '/' ? filename : filename.replaceAll(sep, '/');
  const found: string[] = [];
  for (const file of files) {
    const tail = `/${file.path}`;
    if (!path.endsWith(tail) || seen.has(module)) continue;
    const root = path.slice(0, -tail.length);
    if (packageName(root) !== file.name) continue;
    seen.add(module);
    file.loaded(module.exports, root);
    found.push(file.name);
  }
  return found;
}

/** The name in the package's manifest, because a package may be installed under another name, and its folder may be a link. */
function packageName(root: string): string {
  try {
    return (JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { name: string }).name;
  } catch {
    return basename(root);
  }
}
