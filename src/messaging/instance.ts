// Wraps single objects of a client: marks them as traced, and replaces their methods.
import { isDeepStrictEqual } from 'node:util';
import { MqtraceError } from '../common/errors.ts';
import { reportFault } from '../common/faults.ts';
import { warn } from '../common/warnings.ts';
import { type Method, suppressedMethod } from './auto-instrumentation.ts';

/** Other copies of this package, also of other versions, check this property. */
const mark = Symbol.for('mqtrace.traced');

/** The value of the mark. */
interface Mark {
  readonly version: 1;
  /** The options with which it was traced. */
  readonly options: object;
  /** Restores the methods of an object that was traced automatically. Returns false if that is no longer possible. */
  readonly undo?: () => boolean;
}

/** Options that do not come from a call of a wrapper, but from `mqtrace/register` or an instrumentation class. */
const automaticOptions = new WeakSet<object>();

/** Methods that were replaced on an object that is traced automatically, in order. */
const replacedMethods = new WeakMap<object, Replaced[]>();

interface Replaced {
  readonly name: string;
  readonly replacement: unknown;
  readonly original: PropertyDescriptor | undefined;
}

/**
 * Declares options to be those of automatic tracing. If the application then traces such a client explicitly, the automatic wrapping is
 * removed, and the application's options apply.
 */
export function asAutomatic<O extends object>(options: O): O {
  automaticOptions.add(options);
  return options;
}

/**
 * Marks an object as traced. Returns false if it is already traced, by this or another copy of this package: then it has to be
 * returned unchanged, and a warning is logged if the options differ. Explicit tracing
 * replaces automatic tracing.
 *
 * @param where - the wrapper's name, for messages.
 * @throws MqtraceError `INVALID_CLIENT` for an object to which no property can be added
 */
export function claim(target: object, where: string, options: object): boolean {
  const automatic = automaticOptions.has(options);
  const known = markOf(target);
  if (known === undefined || (!automatic && known.undo?.() === true)) {
    if (!Object.isExtensible(target)) {
      throw new MqtraceError('INVALID_CLIENT', `${where}: the object is frozen; trace it before it is frozen`);
    }
    const value: Mark = automatic ? { version: 1, options, undo: undoFor(target) } : { version: 1, options };
    Object.defineProperty(target, mark, { value, configurable: true });
    return true;
  }
  if (!automatic && Object.keys(options).length > 0 && !isDeepStrictEqual(known.options, options)) {
    warn(`${where} was given an object that is already traced with other options; the first options are kept`);
  }
  return false;
}

/** The mark may be that of another version. */
function markOf(target: object): Partial<Mark> | undefined {
  return Object.getOwnPropertyDescriptor(target, mark)?.value as Partial<Mark> | undefined;
}

function undoFor(target: object): () => boolean {
  const methods: Replaced[] = [];
  replacedMethods.set(target, methods);
  return () => {
    const latest = new Map(methods.map(({ name, replacement }) => [name, replacement]));
    for (const [name, replacement] of latest) {
      // A later replacement of a method calls ours, which must stay.
      if (Object.getOwnPropertyDescriptor(target, name)?.value !== replacement) return false;
    }
    for (const { name, original } of methods.toReversed()) {
      if (original === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, original);
    }
    replacedMethods.delete(target);
    return true;
  };
}

/** Ends the tracing of an object that is traced automatically. Explicit tracing stays. */
export function giveUpAutomatic(target: object): void {
  if (markOf(target)?.undo?.() === true) Reflect.deleteProperty(target, mark);
}

/** Whether an object is traced, by this or another copy of this package. */
export function isClaimed(target: object): boolean {
  return Object.getOwnPropertyDescriptor(target, mark) !== undefined;
}

/** Whether the application itself wrapped an object. */
export function isTracedExplicitly(target: object): boolean {
  const known = markOf(target);
  return known !== undefined && known.undo === undefined;
}

/**
 * Replaces a method of one object. The new method is not enumerable, so that copies and printouts of the object do not change; an
 * existing own method (kafkajs creates plain objects) keeps its enumerability. Prototypes and other instances are not changed.
 *
 * @param make - gets the original method and returns the new one. If OpenTelemetry's auto-instrumentation has patched the original,
 *   it gets one that calls it with that tracing suppressed.
 */
export function replaceMethod(target: object, name: string, make: (raw: Method) => Method): void {
  const raw: unknown = (target as Record<string, unknown>)[name];
  if (typeof raw !== 'function') return;
  const replacement = make(suppressedMethod(target, name, raw as Method));
  const own = define(target, name, replacement, raw as Method);
  replacedMethods.get(target)?.push({ name, replacement, original: own });
}

/**
 * Replaces a method of a class, for all of its objects. Unlike with one object, patches of others stay in effect.
 *
 * @param make - gets the original method and returns the new one.
 */
export function replaceClassMethod(prototype: object, name: string, make: (raw: Method) => Method): void {
  const raw: unknown = (prototype as Record<string, unknown>)[name];
  if (typeof raw === 'function') define(prototype, name, make(raw as Method), raw as Method);
}

/**
 * Replaces a method of a class while it is switched on: at other times, the original method is called.
 *
 * @param isOn - whether it is switched on for this object.
 */
export function replaceClassMethodWhile(
  prototype: object,
  name: string,
  isOn: (self: object) => boolean,
  make: (raw: Method) => Method,
): void {
  replaceClassMethod(prototype, name, (raw) => {
    const replacement = make(raw);
    return function call(this: object, ...args: unknown[]): unknown {
      return Reflect.apply(isOn(this) ? replacement : raw, this, args);
    };
  });
}

/** Replaces a method; returns the object's own previous property. */
function define(target: object, name: string, replacement: Method, raw: Method): PropertyDescriptor | undefined {
  // Callers may read a function's number of parameters and its name (Express and pools do).
  Object.defineProperty(replacement, 'length', { value: raw.length, configurable: true });
  Object.defineProperty(replacement, 'name', { value: raw.name, configurable: true });
  const own = Object.getOwnPropertyDescriptor(target, name);
  const attributes = { configurable: true, writable: true, enumerable: own?.enumerable ?? false };
  // If a property is not configurable (as in ioredis-mock), only its value can be replaced.
  Object.defineProperty(target, name, { value: replacement, ...(own?.configurable !== false && attributes) });
  return own;
}

/** Runs tracing's own code. A fault is counted and returns undefined; it never reaches the application. */
export function guard<T>(where: string, fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    reportFault(where, error);
    return undefined;
  }
}
