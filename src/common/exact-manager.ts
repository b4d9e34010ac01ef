// Recognizes context managers that only run a function in a context.
import { AsyncLocalStorage } from 'node:async_hooks';

/** The property in which API 1.x stores registered parts. */
const apiGlobals = Symbol.for('opentelemetry.js.api.1');
/** The mark of mqtrace's own manager, on its prototype. */
const mark = Symbol.for('mqtrace.exact-context-manager.1');

interface ManagerLike {
  with?: unknown;
  _asyncLocalStorage?: unknown;
}

let asked: ManagerLike | undefined;
let askedWith: unknown;
let answer = false;

/** Marks a class of managers whose `with` calls the function once and returns or throws what it does. @internal */
export function markExact(managers: { readonly prototype: object }): void {
  Object.defineProperty(managers.prototype, mark, { value: (managers.prototype as ManagerLike).with });
}

/**
 * Whether the registered manager is mqtrace's own or the stock one on AsyncLocalStorage, unmodified: then it need not
 * be checked that it calls a function once and returns or throws what the function does. @internal
 */
export function isExactManager(): boolean {
  const manager = (globalThis as { [apiGlobals]?: { context?: ManagerLike } | undefined })[apiGlobals]?.context;
  if (manager === undefined) return false;
  if (manager === asked && manager.with === askedWith) return answer;
  let found = false;
  try {
    found = isExact(manager);
    askedWith = manager.with;
    asked = manager;
  } catch {
    // One that throws is checked at each call.
    asked = undefined;
  }
  answer = found;
  return found;
}

function isExact(manager: ManagerLike): boolean {
  if (Object.hasOwn(manager, 'with')) return false;
  const prototype = Object.getPrototypeOf(manager) as (ManagerLike & { [mark]?: unknown }) | null;
  if (prototype === null || !Object.hasOwn(prototype, 'with')) return false;
  if (Object.hasOwn(prototype, mark)) return prototype[mark] === prototype.with;
  if (prototype.constructor.name !== 'AsyncLocalStorageContextManager') return false;
  const { _asyncLocalStorage: storage } = manager;
  if (!(storage instanceof AsyncLocalStorage) || Object.hasOwn(storage, 'run')) return false;
  // As in every version of the package so far; a patched method looks different.
  return /^with\(context, fn, thisArg, \.\.\.args\) \{\s*const cb = thisArg == null \? fn : fn\.bind\(thisArg\);\s*return this\._asyncLocalStorage\.run\(context, cb, \.\.\.args\);\s*\}$/.test(
    String(prototype.with),
  );
}
