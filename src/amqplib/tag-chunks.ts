// Finds the data of a delivery tag among chunks of neighbouring tags.

/** The number of tags in a chunk. */
export const chunkSize = 256;

/** The data of neighbouring tags. */
interface Chunk {
  /** The number of tags that have data; changed only by {@link TagChunks}. */
  count: number;
}

/**
 * The chunks of a channel, by delivery tag. Tags increase, and most are removed soon: a `Map` of them would be copied again and
 * again. Only the chunk that was added last is kept when it is empty, because it gets the next delivery.
 */
export class TagChunks<C extends Chunk> implements Iterable<[index: number, chunk: C]> {
  readonly #chunks = new Map<number, C>();
  readonly #make: () => C;
  #tags = 0;
  #added = -1;
  // The chunk that was found last.
  #last: C | undefined;
  #lastIndex = -1;

  /** @param make - makes an empty chunk. */
  constructor(make: () => C) {
    this.#make = make;
  }

  get size(): number {
    return this.#chunks.size;
  }

  /** The number of tags that have data. */
  get tags(): number {
    return this.#tags;
  }

  find(tag: number): C | undefined {
    const index = indexOf(tag);
    if (index === this.#lastIndex) return this.#last;
    const chunk = this.#chunks.get(index);
    if (chunk === undefined) return undefined;
    this.#last = chunk;
    this.#lastIndex = index;
    return chunk;
  }

  /** The chunk to add the data of a tag to. */
  findOrAdd(tag: number): C {
    return this.find(tag) ?? this.#add(indexOf(tag));
  }

  /** Called when a tag has got data. */
  countAdded(chunk: C): void {
    chunk.count++;
    this.#tags++;
  }

  /** Called when the data of a tag has been removed. */
  countRemoved(tag: number, chunk: C): void {
    this.#tags--;
    if (--chunk.count > 0) return;
    const index = indexOf(tag);
    if (index !== this.#added) this.delete(index);
  }

  /** Removes a chunk with all its data. */
  delete(index: number): void {
    this.#tags -= this.#chunks.get(index)?.count ?? 0;
    this.#chunks.delete(index);
    if (index !== this.#lastIndex) return;
    this.#last = undefined;
    this.#lastIndex = -1;
  }

  /** The chunks in the order in which they were added; each may be deleted while it is visited. */
  [Symbol.iterator](): MapIterator<[number, C]> {
    return this.#chunks.entries();
  }

  /** The chunks with tags up to this one, in the order of the tags. */
  upTo(tag: number): [index: number, chunk: C][] {
    const found = [...this.#chunks].filter(([index]) => index * chunkSize <= tag);
    return found.toSorted(([one], [other]) => one - other);
  }

  #add(index: number): C {
    if (this.#chunks.get(this.#added)?.count === 0) this.delete(this.#added);
    const chunk = this.#make();
    this.#chunks.set(index, chunk);
    this.#added = index;
    this.#last = chunk;
    this.#lastIndex = index;
    return chunk;
  }
}

/** Whether a chunk has only tags up to this one. */
export function endsWithin(index: number, tag: number): boolean {
  return (index + 1) * chunkSize - 1 <= tag;
}

/** The number of data in a list of neighbouring tags. */
export function countOf(list: readonly unknown[]): number {
  return list.filter((value) => value !== undefined).length;
}

function indexOf(tag: number): number {
  return Math.floor(tag / chunkSize);
}
