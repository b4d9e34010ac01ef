// Remembers consumptions whose spans were evicted, so that a span within one of them is not counted again.
import { ChainIndex } from './chain-index.ts';

/** Number of consumptions in each of the two tables. */
const capacity = 2 ** 17;

/** The newest evicted consumptions, at least 131,072, with their destination and service. */
export class EvictedConsumptions {
  #current: Table | undefined;
  #previous: Table | undefined;

  get bytes(): number {
    return (this.#current?.bytes ?? 0) + (this.#previous?.bytes ?? 0);
  }

  add(high: number, low: number, card: number, service: number): void {
    if (this.#current === undefined || this.#current.count === capacity) {
      this.#previous = this.#current;
      this.#current = new Table();
    }
    this.#current.add(high, low, card, service);
  }

  /** Whether this span was a consumption of the same destination by the same service. */
  has(high: number, low: number, card: number, service: number): boolean {
    return [this.#current, this.#previous].some((table) => table?.has(high, low, card, service) === true);
  }
}

class Table {
  count = 0;
  readonly #ids = new Uint32Array(capacity * 2);
  readonly #places = new Uint16Array(capacity * 2);
  readonly #index = new ChainIndex(16, capacity);

  get bytes(): number {
    return this.#ids.byteLength + this.#places.byteLength + this.#index.bytes;
  }

  add(high: number, low: number, card: number, service: number): void {
    const at = this.count++;
    this.#ids[at * 2] = high;
    this.#ids[at * 2 + 1] = low;
    this.#places[at * 2] = card;
    this.#places[at * 2 + 1] = service;
    this.#index.add(high, low, at);
  }

  has(high: number, low: number, card: number, service: number): boolean {
    for (let at = this.#index.head(high, low); at >= 0; at = this.#index.next(at)) {
      if (this.#ids[at * 2] !== high || this.#ids[at * 2 + 1] !== low) continue;
      return this.#places[at * 2] === card && this.#places[at * 2 + 1] === service;
    }
    return false;
  }
}
