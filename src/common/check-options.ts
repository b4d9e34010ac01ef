// Checks option values, with errors that say what is expected.
import { types } from 'node:util';
import { invalidOption, unknownOption } from './errors.ts';

/** Checks one value; `where` is the option's full name, for the message. `all` holds all given options. */
export type OptionCheck<Options = unknown> = (value: unknown, where: string, all: Options) => void;

/** The longest that Node's timers can wait, in milliseconds. */
export const longestTimeoutMs = 2_147_483_647;

/** Whether a value is an object that can hold options. Arrays, promises, Maps and Sets are not: their entries would be ignored. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !types.isPromise(value) && !types.isMap(value) && !types.isSet(value);
}

/**
 * Throws for a value that is not an object, and for unknown names: a misspelt option must not be ignored silently.
 *
 * @param elsewhere - options that belong in another place, by name, with how they are written there.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function checkNames(
  where: string,
  value: unknown,
  names: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object');
  for (const name of Object.keys(value)) if (!names.includes(name)) throw unknownOption(where, name, names, elsewhere);
}

export function checkProbability(where: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    throw invalidOption(where, value, 'a number from 0 to 1');
}

export function checkPositive(where: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value > 0 && value < Infinity))
    throw invalidOption(where, value, 'a number above 0');
}

export function checkCount(where: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw invalidOption(where, value, 'a whole number of 1 or more');
}

export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(where, value, 'a function');
}

export function checkBoolean(value: unknown, where: string): void {
  if (typeof value !== 'boolean') throw invalidOption(where, value, 'true or false');
}

export function checkNonEmptyString(value: unknown, where: string): void {
  if (typeof value !== 'string' || value.trim() === '') throw invalidOption(where, value, 'a string that is not empty');
}

export function checkOneOf(values: readonly string[]): OptionCheck {
  return (value, where) => {
    if (!values.includes(value as string)) throw invalidOption(where, value, `one of ${values.join(', ')}`);
  };
}

/** A whole number within bounds. */
export function checkWhole(min: number, max: number = Number.MAX_SAFE_INTEGER): OptionCheck {
  return (value, where) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
    const expected =
      max === Number.MAX_SAFE_INTEGER ? `a whole number of ${min} or more` : `a whole number from ${min} to ${max}`;
    throw invalidOption(where, value, expected);
  };
}

/** An object that implements an interface, checked by its methods. */
export function checkMethods(value: unknown, where: string, methods: readonly string[], expected: string): void {
  const missing = methods.find(
    (name) => typeof (value as Record<string, unknown> | null | undefined)?.[name] !== 'function',
  );
  if (missing !== undefined) throw invalidOption(where, value, `${expected} (with ${missing}())`);
}
