// Notices files that bypass Node's CommonJS loader because of another package's module hook.
import * as nodeModule from 'node:module';
import { guard } from '../messaging/index.ts';

/** The key of the function that the line added to a file calls, with its module and file name. */
const calledByFiles = Symbol.for('mqtrace.fileLoaded.1');
const line = `\n;globalThis[Symbol.for('mqtrace.fileLoaded.1')]?.(module, __filename);`;

type Loaded = (filename: string, module: { readonly exports: unknown }) => void;

interface LoadResult {
  readonly format?: string | null | undefined;
  readonly source?: unknown;
}

type NextLoad = (url: string, context: unknown) => LoadResult;

/** `module.registerHooks`, of Node.js 22.15 and later. */
type RegisterHooks = (hooks: { load(url: string, context: unknown, next: NextLoad): LoadResult }) => void;

/**
 * Adds a line to the source of these files if a module hook provides their source. Node.js then loads an imported file, and all files
 * that it requires, without `Module.prototype.load`. A file without a source from a hook is loaded as usual.
 *
 * @param paths - the ends of the files' paths.
 */
export function watchSources(paths: readonly string[], loaded: Loaded): void {
  Object.defineProperty(globalThis, calledByFiles, {
    configurable: true,
    value: (module: { readonly exports: unknown }, filename: string) =>
      guard('looking at a loaded file', () => loaded(filename, module)),
  });
  const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks };
  if (registerHooks !== undefined) {
    // In the versions for which this is false, Node.js fails if there are both synchronous and asynchronous hooks. Another package
    // may have either kind, so none is added.
    if (!keepsLoader(process.versions.node)) return;
    registerHooks({ load: (url, context, next) => withLine(next(url, context), url, paths) });
  } else {
    nodeModule.register(`data:text/javascript,${encodeURIComponent(asynchronousHook(paths))}`);
  }
}

/**
 * Whether Node's loader still loads CommonJS files if there is a synchronous hook that changes nothing. In other versions, any such
 * hook makes them bypass the loader.
 */
export function keepsLoader(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const atLeast = (m: number, p: number): boolean => minor > m || (minor === m && patch >= p);
  if (major === 22) return atLeast(22, 3);
  if (major === 24) return atLeast(11, 1);
  return major === 25 ? atLeast(1, 0) : major >= 26;
}

function withLine(result: LoadResult, url: string, paths: readonly string[]): LoadResult {
  if (result.format !== 'commonjs' || result.source === null || result.source === undefined) return result;
  if (!paths.some((path) => url.endsWith(`/${path}`))) return result;
  const { source } = result;
  const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString();
  return { ...result, source: text + line };
}

/** The same hook as a module for the thread of asynchronous hooks. It is text, because a bundler may rename variables of a function. */
function asynchronousHook(paths: readonly string[]): string {
  return `const line = ${JSON.stringify(line)}, paths = ${JSON.stringify(paths)};
export async function load(url, context, next) {
  const result = await next(url, context);
  const { format, source } = result;
  if (format !== 'commonjs' || source === null || source === undefined) return result;
  if (!paths.some((path) => url.endsWith('/' + path))) return result;
  return { ...result, source: (typeof source === 'string' ? source : Buffer.from(source).toString()) + line };
}`;
}

const preloads = /^(?:--import|--require|-r|--loader|--experimental-loader)(?:=|$)/;

/** Whether other modules than this package are preloaded, which may register module hooks. */
export function hasOtherPreloads(args: readonly string[], nodeOptions: string = ''): boolean {
  const all = [...args, ...nodeOptions.split(/\s+/)];
  return all.some((arg, index) => {
    if (!preloads.test(arg)) return false;
    const value = arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : (all[index + 1] ?? '');
    return !/\bmqtrace\b/.test(value);
  });
}
