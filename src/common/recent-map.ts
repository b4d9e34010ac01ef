// Provides a map of bounded size.
/**
 * A map of bounded size that drops the entries set longest ago. It keeps between `limit` and twice as many entries, in two
 * generations of which the older one is dropped as a whole. (Deleting the first key of a full `Map` repeatedly takes microseconds
 * each time, because the next access to the first key has to skip the holes.)
 *
 * @internal
 */
export class RecentMap<K, V> {
  readonly #limit: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: K, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#limit) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Every entry once, as of now. */
  entries(): [K, V][] {
    return [...new Map([...this.#old, ...this.#young])];
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
