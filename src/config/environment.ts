import { diag } from '@opentelemetry/api';
import { describe } from '../common/errors.ts';
import type { EnvironmentMode } from './names.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The `OTEL_*` variables of the process. As the specification asks, an empty variable counts as unset, and a malformed one is
 * reported on `diag` and counts as unset too: an operator's typing error must not keep a service from starting.
 *
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @internal
 */
export class Environment {
  readonly mode: EnvironmentMode;
  readonly #variables: Variables;

  constructor(mode: EnvironmentMode, variables: Variables = process.env) {
    this.mode = mode;
    this.#variables = mode === 'ignore' ? {} : variables;
  }

  /** Whichever of the two wins in this mode; undefined if neither is given. */
  settle<T>(option: T | undefined, variable: T | undefined): T | undefined {
    return this.mode === 'fallback' ? (option ?? variable) : (variable ?? option);
  }

  /** Both together, name by name, where {@link settle} would choose one. */
  merge<T>(option: Readonly<Record<string, T>>, variable: Readonly<Record<string, T>>): Record<string, T> {
    return this.mode === 'fallback' ? { ...variable, ...option } : { ...option, ...variable };
  }

  text(name: string): string | undefined {
    return this.#variables[name]?.trim() || undefined;
  }

  /** True for `true` in any case; anything else but `false` is reported. */
  flag(name: string): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text !== undefined && text !== 'true' && text !== 'false') this.reject(name, 'true or false');
    return text === 'true';
  }

  number(name: string, min: number, max: number = Infinity): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (number >= min && number <= max) return number;
    this.reject(name, max === Infinity ? `a number of ${min} or more` : `a number from ${min} to ${max}`);
    return undefined;
  }

  /** A whole number of 0 or more. */
  count(name: string): number | undefined {
    const number = this.number(name, 0);
    if (number === undefined || Number.isInteger(number)) return number;
    this.reject(name, 'a whole number');
    return undefined;
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    const found = known.find((value) => value === text);
    if (found === undefined) this.reject(name, `one of ${known.join(', ')}`);
    return found;
  }

  /** A comma-separated list without repeats. Unknown members are reported and left out; undefined if none remains. */
  listOf<T extends string>(name: string, known: readonly T[]): T[] | undefined {
    const members = this.text(name)?.toLowerCase().split(',') ?? [];
    const found = new Set<T>();
    for (const member of members.map((each) => each.trim()).filter(Boolean)) {
      const value = known.find((each) => each === member);
      if (value === undefined) this.reject(name, `a list of ${known.join(', ')}`);
      else found.add(value);
    }
    return found.size > 0 ? [...found] : undefined;
  }

  /** Reports a variable whose value cannot be used. `secret` keeps the value out of the message. */
  reject(name: string, expected: string, secret = false): void {
    const given = secret ? '' : `, got ${describe(this.text(name))}`;
    diag.warn(`mqtrace: ${name} is ignored: expected ${expected}${given}`);
  }
}
