import { describe, invalidOption, MqtraceError } from '../../errors.ts';
import { nearest } from '../did-you-mean.ts';

/** @internal */
export function checkProbability(where: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    throw invalidOption(where, value, 'a number from 0 to 1');
}

/** @internal */
export function checkPositive(where: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value > 0 && value < Infinity))
    throw invalidOption(where, value, 'a number above 0');
}

/** @internal */
export function checkCount(where: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw invalidOption(where, value, 'a whole number of 1 or more');
}

/** @internal */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(where, value, 'a function');
}

/** Refuses what is not an object, and names that mean nothing: a mistyped option must not be lost in silence. @internal */
export function checkNames(where: string, value: unknown, names: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidOption(where, value, 'an object');
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    const hint = near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`;
    throw new MqtraceError('INVALID_OPTION', `${where}: there is no option ${describe(name)}; ${hint}`);
  }
}
