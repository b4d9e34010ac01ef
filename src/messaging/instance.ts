import { isDeepStrictEqual } from 'node:util';
import { diag } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';

/** What was traced, and with which options. */
const traced = new WeakMap<object, unknown>();

/**
 * Notes that an object is traced. False where it already is: then it is to be returned as it is, and options other than those of
 * the first time are warned of.
 *
 * @param where - the wrapper's name, for the warning.
 */
export function claim(target: object, where: string, options: object): boolean {
  if (!traced.has(target)) {
    traced.set(target, options);
    return true;
  }
  if (Object.keys(options).length > 0 && !isDeepStrictEqual(traced.get(target), options)) {
    diag.warn(
      `mqtrace: ${where} was given an object that is traced already, with other options; the first options stay`,
    );
  }
  return false;
}

// oxlint-disable-next-line typescript/no-explicit-any -- stands for a client's method of any signature
type Method = (this: any, ...args: any[]) => unknown;

/**
 * Gives one object a method of its own in place of its class's. Not enumerable, so that copies and printouts of the object stay as
 * they were; a method that was the object's own already (kafkajs makes plain objects) stays as enumerable as it was. Prototypes and
 * other instances are not touched.
 *
 * @param make - gets the method as it was and returns the one that takes its place.
 */
export function replaceMethod(target: object, name: string, make: (raw: Method) => Method): void {
  const raw: unknown = (target as Record<string, unknown>)[name];
  if (typeof raw !== 'function') return;
  const replacement = make(raw as Method);
  // Callers may look at a function's number of parameters and its name (Express and pools do).
  Object.defineProperty(replacement, 'length', { value: raw.length, configurable: true });
  Object.defineProperty(replacement, 'name', { value: raw.name, configurable: true });
  const enumerable = Object.getOwnPropertyDescriptor(target, name)?.enumerable ?? false;
  Object.defineProperty(target, name, { value: replacement, configurable: true, writable: true, enumerable });
}

/** Runs tracing's own code where nothing of it may reach the application: a fault is counted, reported, and gives undefined. */
export function guard<T>(where: string, fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    reportFault(where, error);
    return undefined;
  }
}

/**
 * Tells a client's calls of its own methods from the application's: kafkajs, amqplib and ioredis implement some calls by others,
 * and one operation is to make one span.
 */
export class Reentry {
  #inside = 0;

  /** Whether the present call comes from within the client. */
  get inside(): boolean {
    return this.#inside > 0;
  }

  /** Marks all synchronous calls within `call` as the client's own. */
  enter<R>(call: () => R): R {
    this.#inside++;
    try {
      return call();
    } finally {
      this.#inside--;
    }
  }
}
