// Loads ES modules of packages that also have a CommonJS build, so that their classes can be changed before the application uses them.
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { guard } from '../messaging/index.ts';

/** A file of a package that is an ES module. Node's CommonJS loader does not load it, so that it has to be loaded to be found. */
export interface EsModuleFile {
  /** The package's name. */
  readonly name: string;
  /** The path of the file that `require` of the package loads, in the package, with slashes. */
  readonly main: string;
  /** The path of the ES module. */
  readonly path: string;
  readonly loaded: (exports: Readonly<Record<string, unknown>>) => void;
}

/**
 * Calls `loaded` with the exports of each of these modules that the application can import: at once, where Node.js can load ES modules
 * synchronously, else as soon as it has loaded them. `import` in the application returns the same exports.
 *
 * Module hooks would find every copy, but run for each file of the application, and make some versions of Node.js bypass the CommonJS
 * loader.
 */
export function loadEsModules(files: readonly EsModuleFile[]): void {
  for (const file of files) for (const path of pathsOf(file)) load(path, file.loaded);
}

/** The copies that the main script and the working directory resolve to. */
function pathsOf({ name, main, path }: EsModuleFile): Set<string> {
  const found = new Set<string>();
  for (const from of [process.argv[1], join(process.cwd(), 'package.json')]) {
    if (from === undefined || from === '') continue;
    const required = resolved(name, from).replaceAll('\\', '/');
    const file = required.slice(0, -main.length) + path;
    if (required.endsWith(`/${main}`) && existsSync(file)) found.add(file);
  }
  return found;
}

function resolved(name: string, from: string): string {
  try {
    return createRequire(existsSync(from) ? realpathSync(from) : from).resolve(name);
  } catch {
    return '';
  }
}

function load(path: string, loaded: EsModuleFile['loaded']): void {
  const use = (exports: Readonly<Record<string, unknown>>): void => {
    guard('looking at an ES module', () => loaded(exports));
  };
  try {
    const exports = createRequire(path)(path) as Readonly<Record<string, unknown>>;
    // Reading an export throws if the module is still being loaded.
    Object.values(exports);
    use(exports);
  } catch {
    // The application reports a module that cannot be loaded.
    void (import(pathToFileURL(path).href) as Promise<Readonly<Record<string, unknown>>>).then(use, () => {});
  }
}
