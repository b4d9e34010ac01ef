// How a client's object is wrapped.
import { isDeepStrictEqual } from 'node:util';
import { MqtraceError } from '../common/errors.ts';
import { reportFault } from '../common/faults.ts';
import { warn } from '../common/warnings.ts';
import { quietMethod } from './auto-instrumentation.ts';

/** Other copies of this package, also of other versions, look for this property. */
const mark = Symbol.for('mqtrace.traced');

/** What a traced object is marked with. */
interface Mark {
  readonly version: 1;
  /** With which options it was traced. */
  readonly options: object;
}

/**
 * Marks an object as traced. False where it is already, by this or another copy of this package: then it is to be returned as it
 * is, and options other than those of the first time are warned of.
 *
 * @param where - the wrapper's name, for messages.
 * @throws MqtraceError `INVALID_CLIENT` for an object to which nothing can be added
 */
export function claim(target: object, where: string, options: object): boolean {
  const known = Object.getOwnPropertyDescriptor(target, mark)?.value as Partial<Mark> | undefined;
  if (known === undefined) {
    if (!Object.isExtensible(target)) {
      throw new MqtraceError('INVALID_CLIENT', `${where}: the object is frozen; trace it before it is frozen`);
    }
    const value: Mark = { version: 1, options };
    Object.defineProperty(target, mark, { value, configurable: true });
    return true;
  }
  if (Object.keys(options).length > 0 && !isDeepStrictEqual(known.options, options)) {
    warn(`${where} was given an object that is traced already, with other options; the first options stay`);
  }
  return false;
}

/** Whether an object is traced, by this or another copy of this package. */
export function isClaimed(target: object): boolean {
  return Object.getOwnPropertyDescriptor(target, mark) !== undefined;
}

// oxlint-disable-next-line typescript/no-explicit-any -- stands for a client's method of any signature
export type Method = (this: any, ...args: any[]) => unknown;

/**
 * Replaces a method of one object. The new one is not enumerable, so that copies and printouts of the object stay as they were; a
 * method that was the object's own already (kafkajs makes plain objects) stays as enumerable as it was. Prototypes and other
 * instances are not touched.
 *
 * @param make - gets the original method and returns the new one. Where OpenTelemetry's auto-instrumentation has patched the
 *   original, it gets one that calls it with their tracing suppressed.
 */
export function replaceMethod(target: object, name: string, make: (raw: Method) => Method): void {
  const raw: unknown = (target as Record<string, unknown>)[name];
  if (typeof raw !== 'function') return;
  const replacement = make(quietMethod(target, name, raw as Method));
  // Callers may look at a function's number of parameters and its name (Express and pools do).
  Object.defineProperty(replacement, 'length', { value: raw.length, configurable: true });
  Object.defineProperty(replacement, 'name', { value: raw.name, configurable: true });
  const own = Object.getOwnPropertyDescriptor(target, name);
  const attributes = { configurable: true, writable: true, enumerable: own?.enumerable ?? false };
  // Of a property that is not configurable (ioredis-mock has such), only the value can be replaced.
  Object.defineProperty(target, name, { value: replacement, ...(own?.configurable !== false && attributes) });
}

/** Runs tracing's own code. A fault is counted and gives undefined; it never reaches the application. */
export function guard<T>(where: string, fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    reportFault(where, error);
    return undefined;
  }
}
