// Reads OTEL_* variables, and reports invalid ones.
import { longestTimeoutMs } from '../common/check-options.ts';
import { describe } from '../common/errors.ts';
import { warn } from '../common/warnings.ts';
import type { EnvironmentMode } from './names.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Decimal numbers only; `Number()` also accepts `0x10`, `Infinity` and an empty string. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a text represents, or NaN. @internal */
export function parseDecimal(text: string): number {
  const number = decimal.test(text.trim()) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

/**
 * The `OTEL_*` variables of the process. As the specification asks, an empty variable counts as unset, and a malformed one is
 * reported and counts as unset too: a typing error must not keep a service from starting.
 *
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @internal
 */
export class Environment {
  readonly mode: EnvironmentMode;
  readonly #variables: Variables;
  /** The problems that have been reported, so that a variable that is read twice is reported once. */
  readonly #reported = new Set<string>();

  constructor(mode: EnvironmentMode, variables: Variables = process.env) {
    this.mode = mode;
    this.#variables = mode === 'ignore' ? {} : variables;
  }

  /** The value that wins in this mode; undefined if neither is given. */
  settle<T>(option: T | undefined, variable: T | undefined): T | undefined {
    return this.mode === 'fallback' ? (option ?? variable) : (variable ?? option);
  }

  /** Merges both by name, where {@link settle} would choose one. */
  merge<T>(option: Readonly<Record<string, T>>, variable: Readonly<Record<string, T>>): Record<string, T> {
    return this.mode === 'fallback' ? { ...variable, ...option } : { ...option, ...variable };
  }

  text(name: string): string | undefined {
    return this.#variables[name]?.trim() || undefined;
  }

  /** True for `true`, case-insensitively; any value other than `true` and `false` is reported. */
  flag(name: string): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text !== undefined && text !== 'true' && text !== 'false') this.reject(name, 'true or false');
    return text === 'true';
  }

  number(name: string, min: number, max: number = Infinity): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = parseDecimal(text);
    if (number >= min && number <= max) return number;
    this.reject(name, max === Infinity ? `a number of ${min} or more` : `a number from ${min} to ${max}`);
    return undefined;
  }

  /** A whole number of `min` or more. */
  count(name: string, min = 0): number | undefined {
    return this.#whole(name, min, Number.MAX_SAFE_INTEGER, `a whole number of ${min} or more`);
  }

  /** Milliseconds within the range of Node's timers. */
  milliseconds(name: string): number | undefined {
    return this.#whole(name, 1, longestTimeoutMs, `whole milliseconds from 1 to ${longestTimeoutMs}`);
  }

  #whole(name: string, min: number, max: number, expected: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = parseDecimal(text);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    this.reject(name, expected);
    return undefined;
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    const found = known.find((value) => value === text);
    if (found === undefined) this.reject(name, `one of ${known.join(', ')}`);
    return found;
  }

  /** A comma-separated list without repeats. Unknown members are reported and skipped; undefined if none remains. */
  listOf<T extends string>(name: string, known: readonly T[]): T[] | undefined {
    const members = this.text(name)?.toLowerCase().split(',') ?? [];
    const found = new Set<T>();
    for (const [index, text] of members.entries()) {
      const member = text.trim();
      const value = known.find((each) => each === member);
      if (value !== undefined) found.add(value);
      else if (member !== '') this.skip(name, index + 1, `one of ${known.join(', ')}, got ${describe(member)}`);
    }
    return found.size > 0 ? [...found] : undefined;
  }

  /** Reports a variable whose value cannot be used. `secret` keeps the value out of the message. */
  reject(name: string, expected: string, secret = false): void {
    const given = secret ? '' : `, got ${describe(this.text(name))}`;
    this.report(`${name} is ignored: expected ${expected}${given}`);
  }

  /** Reports a part of a list that cannot be used; `position` counts from 1. */
  skip(name: string, position: number, expected: string): void {
    this.report(`${name}: part ${position} is skipped: expected ${expected}`);
  }

  /** Reports once, on the registered logger or else on stderr. */
  report(message: string): void {
    if (this.#reported.has(message)) return;
    this.#reported.add(message);
    warn(message);
  }
}
