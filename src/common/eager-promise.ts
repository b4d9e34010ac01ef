// Decides whether a returned promise may be observed without starting its work.
import { types } from 'node:util';

/**
 * Whether the result of a call is a promise whose `then` may be called: the work it stands for runs already, and one more observer
 * changes nothing. True for native promises with an unmodified `then`, and for promises that tell whether they are pending, as
 * Bluebird's and Q's do. Any other `then` may start the work (query builders are lazy so), and is never called.
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
    // A property whose getter throws: nothing that is known to be eager.
    return false;
  }
}

/** Looks the method up without running a getter of the application's. */
function hasNativeThen(promise: Promise<unknown>): boolean {
  for (let holder: unknown = promise; holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (holder === Promise.prototype) return true;
    const property = Object.getOwnPropertyDescriptor(holder, 'then');
    if (property !== undefined) return isNativeThen(property.value);
  }
  return false;
}

/** `then` of another realm, as that of Node's own promises within Jest. */
function isNativeThen(then: unknown): boolean {
  return typeof then === 'function' && then.name === 'then' && /\{\s*\[native code\]\s*\}$/.test(sourceOf(then));
}

function sourceOf(fn: object): string {
  // oxlint-disable-next-line typescript/unbound-method -- a function may have a toString of its own
  return Reflect.apply(Function.prototype.toString, fn, []);
}
