// Defines `MqtraceError`, and how it describes invalid values.
import { types } from 'node:util';
import { nearest } from './did-you-mean.ts';

/**
 * Codes of {@link MqtraceError}. Each names one kind of mistake that the caller can correct.
 *
 * - `INVALID_OPTION`: an option has an invalid type or value, or is unknown.
 * - `INVALID_CLIENT`: a wrapper was given an object that it does not wrap.
 * - `INVALID_ENVIRONMENT`: an `OTEL_*` environment variable has a value that cannot be used.
 * - `MISSING_DEPENDENCY`: an optional package that the chosen options need is not installed.
 * - `INVALID_STATE`: the call is not possible in the current state.
 */
export const errorCodes = [
  'INVALID_OPTION',
  'INVALID_CLIENT',
  'INVALID_ENVIRONMENT',
  'MISSING_DEPENDENCY',
  'INVALID_STATE',
] as const;

/** One of {@link errorCodes}. */
export type MqtraceErrorCode = (typeof errorCodes)[number];

/** Thrown for invalid configuration; never thrown while messages are sent or received. */
export class MqtraceError extends Error {
  override readonly name = 'MqtraceError';
  /** The kind of mistake. */
  readonly code: MqtraceErrorCode;

  constructor(code: MqtraceErrorCode, message: string, options?: { cause?: unknown }) {
    super(`[${code}] ${message}`, options);
    this.code = code;
  }
}

/** Describes an invalid value for a message: short, and without content that may be secret. @internal */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'undefined') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (types.isPromise(value)) return 'a promise (is an await missing?)';
  if (typeof value === 'object') {
    const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string | undefined } | undefined } | null)
      ?.constructor?.name;
    return name && name !== 'Object' ? `an instance of ${name}` : 'an object';
  }
  return `a ${typeof value}`;
}

/** @internal */
export function invalidOption(where: string, given: unknown, expected: string): MqtraceError {
  return new MqtraceError('INVALID_OPTION', `${where}: expected ${expected}, got ${describe(given)}`);
}

/** `elsewhere` lists options that belong in another place, by name, with how they are written there. @internal */
export function unknownOption(
  where: string,
  name: string,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>> = {},
): MqtraceError {
  const near = nearest(name, Object.keys(elsewhere).includes(name) ? [name] : [...known, ...Object.keys(elsewhere)]);
  const place = near === undefined || known.includes(near) ? `"${near}"` : elsewhere[near];
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${place}?`;
  return new MqtraceError('INVALID_OPTION', `${where}: unknown option ${describe(name)}; ${hint}`);
}
