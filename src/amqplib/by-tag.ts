// Stores a value for each delivery tag of a channel.

const chunkSize = 256;

/** The values of neighbouring tags. */
interface Chunk<Value> {
  readonly values: (Value | undefined)[];
  count: number;
}

/**
 * Values by delivery tag, in the order of the tags. Tags increase, and most values are removed soon: a `Map` of them would be
 * copied again and again.
 */
export class ByTag<Value extends object> {
  readonly #chunks = new Map<number, Chunk<Value>>();
  /** Values of tags that no broker sends, such as those of mocks. */
  readonly #others = new Map<number, Value>();
  #last: Chunk<Value> | undefined;
  #lastIndex = -1;
  #size = 0;

  get size(): number {
    return this.#size + this.#others.size;
  }

  get(tag: number): Value | undefined {
    return isRegular(tag) ? this.#chunkOf(tag)?.values[tag % chunkSize] : this.#others.get(tag);
  }

  set(tag: number, value: Value): void {
    if (!isRegular(tag)) {
      this.#others.set(tag, value);
      return;
    }
    const chunk = this.#chunkOf(tag) ?? this.#addChunk(tag);
    const at = tag % chunkSize;
    if (chunk.values[at] === undefined) {
      chunk.count++;
      this.#size++;
    }
    chunk.values[at] = value;
  }

  delete(tag: number): void {
    if (!isRegular(tag)) {
      this.#others.delete(tag);
      return;
    }
    const chunk = this.#chunkOf(tag);
    const at = tag % chunkSize;
    if (chunk?.values[at] === undefined) return;
    chunk.values[at] = undefined;
    this.#size--;
    // The next delivery is added to the last chunk, as long as it has space.
    if (--chunk.count === 0 && (chunk !== this.#last || at === chunkSize - 1)) this.#deleteChunk(indexOf(tag));
  }

  /** The values up to a tag, in the order of the tags. */
  upTo(tag: number): Value[] {
    const found: Value[] = [];
    for (const [other, value] of this.#others) if (!(other > tag)) found.push(value);
    const end = indexOf(tag);
    const indexes = [...this.#chunks.keys()].filter((index) => index <= end).toSorted((one, other) => one - other);
    for (const index of indexes) {
      const { values } = this.#chunks.get(index)!;
      const count = Math.min(chunkSize, tag - index * chunkSize + 1);
      for (let at = 0; at < count; at++) {
        const value = values[at];
        if (value !== undefined) found.push(value);
      }
    }
    return found;
  }

  clear(): void {
    this.#chunks.clear();
    this.#others.clear();
    this.#last = undefined;
    this.#lastIndex = -1;
    this.#size = 0;
  }

  #chunkOf(tag: number): Chunk<Value> | undefined {
    const index = indexOf(tag);
    if (index === this.#lastIndex) return this.#last;
    const chunk = this.#chunks.get(index);
    if (chunk === undefined) return undefined;
    this.#last = chunk;
    this.#lastIndex = index;
    return chunk;
  }

  #addChunk(tag: number): Chunk<Value> {
    const index = indexOf(tag);
    const earlier = this.#last;
    // A chunk that was kept because it was the last one.
    if (earlier !== undefined && earlier.count === 0) this.#deleteChunk(this.#lastIndex);
    const chunk: Chunk<Value> = { values: Array(chunkSize).fill(undefined), count: 0 };
    this.#chunks.set(index, chunk);
    this.#last = chunk;
    this.#lastIndex = index;
    return chunk;
  }

  #deleteChunk(index: number): void {
    this.#chunks.delete(index);
    if (index !== this.#lastIndex) return;
    this.#last = undefined;
    this.#lastIndex = -1;
  }
}

function isRegular(tag: number): boolean {
  return Number.isSafeInteger(tag) && tag >= 0;
}

function indexOf(tag: number): number {
  return Math.floor(tag / chunkSize);
}
