// Caches the value of an option for each destination.
import { answered, reportFault } from '../common/faults.ts';

/** Senders may choose the name of a destination (a routing key), so the number of cached names is limited. */
const remembered = 1000;

/**
 * An option with one value for all destinations, or a function of the destination's name; each value is prepared once.
 *
 * @param prepare - validates and prepares a value; throws if it is invalid.
 * @param instead - the value if the function throws or returns an invalid value.
 */
export class PerDestination<Value, Prepared> {
  readonly #given: Value | ((destination: string) => Value);
  readonly #prepare: (value: Value) => Prepared;
  readonly #instead: Prepared;
  readonly #what: string;
  readonly #byDestination = new Map<string, Prepared>();
  readonly #byValue = new Map<unknown, Prepared>();
  /** For destinations that are not cached: equal values share the prepared value, and with it their limits. */
  readonly #byContent = new Map<string, Prepared>();
  readonly #all: Prepared | undefined;

  constructor(
    what: string,
    given: Value | ((destination: string) => Value),
    prepare: (value: Value) => Prepared,
    instead: Prepared,
  ) {
    this.#what = what;
    this.#given = given;
    this.#prepare = prepare;
    this.#instead = instead;
    if (typeof given !== 'function') this.#all = prepare(given);
  }

  for(destination: string | undefined): Prepared {
    if (this.#all !== undefined) return this.#all;
    const name = destination ?? '';
    const known = this.#byDestination.get(name);
    if (known !== undefined) return known;
    const prepared = this.#ask(name);
    if (this.#byDestination.size < remembered) this.#byDestination.set(name, prepared);
    return prepared;
  }

  #ask(destination: string): Prepared {
    try {
      const value = answered((this.#given as (destination: string) => Value)(destination));
      const known = this.#byValue.get(value);
      if (known !== undefined) return known;
      const content = this.#byDestination.size < remembered ? undefined : JSON.stringify(value);
      const equal = content === undefined ? undefined : this.#byContent.get(content);
      if (equal !== undefined) return equal;
      const prepared = this.#prepare(value);
      if (this.#byValue.size < remembered) this.#byValue.set(value, prepared);
      if (content !== undefined && this.#byContent.size < remembered) this.#byContent.set(content, prepared);
      return prepared;
    } catch (error) {
      reportFault(`the ${this.#what} option`, error);
      return this.#instead;
    }
  }
}
