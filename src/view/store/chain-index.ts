// Maps 64-bit ids to entries.
import { randomBytes } from 'node:crypto';

// The multipliers are odd and differ in every process, so that ids cannot be chosen that are all in one chain.
const seeds = randomBytes(8);
const first = seeds.readUInt32LE(0) | 1;
const second = seeds.readUInt32LE(4) | 1;

/** Finds entries by a 64-bit id. It contains only entry numbers: the caller stores and compares the ids. */
export class ChainIndex {
  readonly #heads: Int32Array;
  readonly #shift: number;
  #next: Int32Array;

  /** @param bits - the number of chains is 2^bits. */
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

  /** The newest entry that may have this id; -1 if there is none. */
  head(high: number, low: number): number {
    return this.#heads[this.#chain(high, low)]!;
  }

  /** The next older entry of the same chain; -1 if there is none. */
  next(entry: number): number {
    return this.#next[entry]!;
  }

  #chain(high: number, low: number): number {
    const mixed = Math.imul(high, first) ^ Math.imul(low, second);
    return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> this.#shift;
  }
}
