// Stores a value for each delivery tag of a channel.
import { chunkSize, countOf, endsWithin, TagChunks } from './tag-chunks.ts';

/** The values of neighbouring tags. */
interface Chunk<Value> {
  readonly values: (Value | undefined)[];
  /** The first index that may have a value: most values are taken in order. */
  start: number;
  count: number;
}

/** Values by delivery tag, in the order of the tags. */
export class ByTag<Value extends object> {
  readonly #chunks = new TagChunks<Chunk<Value>>(() => ({
    values: Array(chunkSize).fill(undefined),
    start: 0,
    count: 0,
  }));
  /** Values of tags that no broker sends, such as those of mocks. */
  readonly #others = new Map<number, Value>();

  get size(): number {
    return this.#chunks.tags + this.#others.size;
  }

  get(tag: number): Value | undefined {
    return isRegular(tag) ? this.#chunks.find(tag)?.values[tag % chunkSize] : this.#others.get(tag);
  }

  set(tag: number, value: Value): void {
    if (!isRegular(tag)) {
      this.#others.set(tag, value);
      return;
    }
    const chunk = this.#chunks.findOrAdd(tag);
    const at = tag % chunkSize;
    if (chunk.values[at] === undefined) this.#chunks.countAdded(chunk);
    if (at < chunk.start) chunk.start = at;
    chunk.values[at] = value;
  }

  delete(tag: number): void {
    if (!isRegular(tag)) {
      this.#others.delete(tag);
      return;
    }
    const chunk = this.#chunks.find(tag);
    const at = tag % chunkSize;
    if (chunk?.values[at] === undefined) return;
    chunk.values[at] = undefined;
    this.#chunks.countRemoved(tag, chunk);
  }

  /**
   * The values up to a tag, as lists of neighbouring tags in the order of the tags, by the index of the list. Values of other tags
   * come first, with the index -1.
   */
  copyUpTo(tag: number): Map<number, (Value | undefined)[]> {
    const copies = new Map<number, (Value | undefined)[]>();
    const others = this.#othersUpTo(tag);
    if (others.length > 0) copies.set(-1, others);
    for (const [index, { values }] of this.#chunks.upTo(tag)) {
      copies.set(index, values.slice(0, tag - index * chunkSize + 1));
    }
    return copies;
  }

  /** The number of values up to a tag. Only those of one chunk are visited. */
  countUpTo(tag: number): number {
    let count = this.#othersUpTo(tag).length;
    for (const [index, chunk] of this.#chunks.upTo(tag)) {
      count += endsWithin(index, tag) ? chunk.count : countOf(chunk.values.slice(0, tag - index * chunkSize + 1));
    }
    return count;
  }

  /** Removes the values up to a tag, and returns them. */
  takeUpTo(tag: number): Taken<Value> {
    const others = this.#othersUpTo(tag);
    const taken: (Value | undefined)[][] = others.length === 0 ? [] : [others];
    for (const other of this.#others.keys()) if (!(other > tag)) this.#others.delete(other);
    for (const [index, chunk] of this.#chunks.upTo(tag)) {
      const { values, start } = chunk;
      if (endsWithin(index, tag)) {
        taken.push(values);
        this.#chunks.delete(index);
      } else {
        const first = index * chunkSize;
        const end = Math.floor(tag) - first + 1;
        if (start >= end) continue;
        taken.push(values.slice(start, end));
        chunk.start = end;
        for (let each = first + start; each <= tag; each++) this.delete(each);
      }
    }
    return new Taken(taken);
  }

  #othersUpTo(tag: number): Value[] {
    if (this.#others.size === 0) return [];
    return [...this.#others].filter(([other]) => !(other > tag)).map(([, value]) => value);
  }
}

/** Values that were removed, in the order of their tags. They can be iterated once. */
export class Taken<Value extends object> implements Iterable<Value> {
  readonly #lists: (Value | undefined)[][];

  constructor(lists: (Value | undefined)[][]) {
    this.#lists = lists;
  }

  /** The maximum number of values, none of which is visited. */
  get most(): number {
    return this.#lists.reduce((most, { length }) => most + length, 0);
  }

  *[Symbol.iterator](): Generator<Value, void> {
    for (const list of this.#lists) {
      for (const value of list) if (value !== undefined) yield value;
      // The visited values need not stay in memory until all are visited.
      list.length = 0;
    }
  }
}

function isRegular(tag: number): boolean {
  return Number.isSafeInteger(tag) && tag >= 0;
}
