// Stores a value for each delivery tag of a channel.
import { chunkSize, TagChunks } from './tag-chunks.ts';

/** The values of neighbouring tags. */
interface Chunk<Value> {
  readonly values: (Value | undefined)[];
  count: number;
}

/** Values by delivery tag, in the order of the tags. */
export class ByTag<Value extends object> {
  readonly #chunks = new TagChunks<Chunk<Value>>(() => ({ values: Array(chunkSize).fill(undefined), count: 0 }));
  /** Values of tags that no broker sends, such as those of mocks. */
  readonly #others = new Map<number, Value>();
  #size = 0;

  get size(): number {
    return this.#size + this.#others.size;
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
    const chunk = this.#chunks.find(tag);
    const at = tag % chunkSize;
    if (chunk?.values[at] === undefined) return;
    chunk.values[at] = undefined;
    this.#size--;
    this.#chunks.countRemoved(tag, chunk);
  }

  /** The values up to a tag, in the order of the tags. */
  upTo(tag: number): Value[] {
    const found: Value[] = [];
    for (const [other, value] of this.#others) if (!(other > tag)) found.push(value);
    const chunks = [...this.#chunks].filter(([index]) => index * chunkSize <= tag);
    for (const [index, { values }] of chunks.toSorted(([one], [other]) => one - other)) {
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
    this.#size = 0;
  }
}

function isRegular(tag: number): boolean {
  return Number.isSafeInteger(tag) && tag >= 0;
}
