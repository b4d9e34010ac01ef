// Recognizes context managers that only run a function in a context.
import { AsyncLocalStorage } from 'node:async_hooks';
import { context as contextApi, type ContextManager } from '@opentelemetry/api';
import { registeredParts } from './registered-parts.ts';

/** The mark of mqtrace's own manager, on its prototype. */
const mark = Symbol.for('mqtrace.exact-context-manager.1');

interface ManagerLike {
  with?: unknown;
  _asyncLocalStorage?: unknown;
}

/** Tells which manager the API uses: another version of the API may have registered one that this version does not use. */
interface PrivateApi {
  _getContextManager?: () => unknown;
}

let asked: ManagerLike | undefined;
let askedWith: unknown;
let answer: ContextManager | undefined;

/** Marks a class of managers whose `with` calls the function once and returns or throws what it does. @internal */
export function markExact(managers: { readonly prototype: object }): void {
  Object.defineProperty(managers.prototype, mark, { value: (managers.prototype as ManagerLike).with });
}

/**
 * The registered manager, if it is mqtrace's own or the stock one on AsyncLocalStorage, unmodified: then it need not be checked that
 * it calls a function once and returns or throws what the function does. It may be called directly, because the API would only
 * look it up again. @internal
 */
export function exactManager(): ContextManager | undefined {
  const manager = registeredParts()?.context as ManagerLike | undefined;
  if (manager === undefined) return undefined;
  if (manager === asked && manager.with === askedWith) return answer;
  let found = false;
  try {
    found = isExact(manager) && (contextApi as unknown as PrivateApi)._getContextManager?.() === manager;
    askedWith = manager.with;
    asked = manager;
  } catch {
    // One that throws is checked at each call.
    asked = undefined;
  }
  answer = found ? (manager as ContextManager) : undefined;
  return answer;
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
