// An index from 64-bit ids to entries.
import { randomBytes } from 'node:crypto';

// The multipliers are odd and differ in every process, so that nobody can choose ids that all fall into one chain.
const seeds = randomBytes(8);
const first = seeds.readUInt32LE(0) | 1;
const second = seeds.readUInt32LE(4) | 1;

/** Finds entries by a 64-bit id. It holds entry numbers only: the caller keeps the ids, and compares them. */
export class ChainIndex {
  readonly #heads: Int32Array;
  readonly #shift: number;
  #next: Int32Array;

  /** @param bits - 2^bits chains. */
  constructor(bits: number, capacity: number) {
    this.#heads = new Int32Array(2 ** bits).fill(-1);
    this.#shift = 32 - bits;
    this.#next = new Int32Array(capacity);
  }

  get bytes(): number {
    return this.#heads.byteLength + this.#next.byteLength;
  }

  add(high: number, low: number, entry: number): void {
    if (entry >= this.#next.length) {
      const larger = new Int32Array(Math.max(entry + 1, this.#next.length * 2));
      larger.set(this.#next);
      this.#next = larger;
    }
    const chain = this.#chain(high, low);
    this.#next[entry] = this.#heads[chain]!;
    this.#heads[chain] = entry;
  }

  /** The newest entry whose id may be this one; -1 for none. */
  head(high: number, low: number): number {
    return this.#heads[this.#chain(high, low)]!;
  }

  /** The next older entry of the same chain; -1 for none. */
  next(entry: number): number {
    return this.#next[entry]!;
  }

  #chain(high: number, low: number): number {
    const mixed = Math.imul(high, first) ^ Math.imul(low, second);
    return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> this.#shift;
  }
}
