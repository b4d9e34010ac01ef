// Decides whether a returned promise may be observed without starting its work.
import { types } from 'node:util';

/**
 * Whether the result of a call is a promise whose `then` may be called without side effects, because its work has already started.
 * True for native promises with an unmodified `then`, and for promises that report whether they are pending, as Bluebird's and Q's
 * do. Any other `then` may start the work, as in query builders, and is never called.
 *
 * @internal
 */
export function isEagerPromise(result: unknown): result is Promise<unknown> {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return false;
  try {
    if (types.isPromise(result)) return hasNativeThen(result);
    const { isPending } = result as { isPending?: unknown };
    return typeof isPending === 'function' && typeof (result as { then?: unknown }).then === 'function';
  } catch {
    // A property whose getter throws: not known to be eager.
    return false;
  }
}

/** Looks up the method without running the application's getters. */
function hasNativeThen(promise: Promise<unknown>): boolean {
  for (let holder: unknown = promise; holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (holder === Promise.prototype) return true;
    const property = Object.getOwnPropertyDescriptor(holder, 'then');
    if (property !== undefined) return isNativeThen(property.value);
  }
  return false;
}

/** The `then` of another realm, such as that of Node's own promises inside Jest. */
function isNativeThen(then: unknown): boolean {
  return typeof then === 'function' && then.name === 'then' && /\{\s*\[native code\]\s*\}$/.test(sourceOf(then));
}

function sourceOf(fn: object): string {
  // oxlint-disable-next-line typescript/unbound-method -- a function may override toString
  return Reflect.apply(Function.prototype.toString, fn, []);
}
