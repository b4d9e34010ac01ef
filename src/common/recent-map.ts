/**
 * A map of bounded size that forgets what was set longest ago. It keeps at least `limit` entries and at most twice as many: by two
 * generations of which the older is dropped whole. (Deleting the first key of a full `Map` again and again takes microseconds each
 * time, because it leaves holes that the next look at the first key has to pass.)
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

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
