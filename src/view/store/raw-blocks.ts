// Stores encoded spans in compressed blocks.
import { deflateRaw, inflateRawSync } from 'node:zlib';

interface Block {
  bytes: Buffer;
  compressed: boolean;
  size: number;
}

const blockSize = 256 * 1024;
const offsets = 2 ** 22;

/** Encoded spans one after another, in blocks that are compressed once they are full. */
export class RawBlocks {
  readonly #blocks: Block[] = [];
  #open: Block | undefined;
  #inflated: { at: number; bytes: Buffer } | undefined;
  /** What the blocks take in memory. */
  bytes = 0;

  /** Copies a span; returns where it is, for {@link read}. */
  add(source: Buffer, from: number, to: number): number {
    const length = to - from;
    if (this.#open === undefined || this.#open.size + length > this.#open.bytes.length) {
      this.#close();
      const bytes = Buffer.allocUnsafeSlow(Math.max(blockSize, length));
      this.#open = { bytes, compressed: false, size: 0 };
      this.#blocks.push(this.#open);
      this.bytes += bytes.length;
    }
    const place = (this.#blocks.length - 1) * offsets + Math.min(this.#open.size, offsets - 1);
    source.copy(this.#open.bytes, this.#open.size, from, to);
    this.#open.size += length;
    return place;
  }

  read(place: number, length: number): Buffer {
    const at = Math.floor(place / offsets);
    const offset = place % offsets;
    return this.block(at).subarray(offset, offset + length);
  }

  /** Which block a place is in. */
  blockOf(place: number): number {
    return Math.floor(place / offsets);
  }

  get count(): number {
    return this.#blocks.length;
  }

  /** The content of one block, inflated. */
  block(at: number): Buffer {
    const block = this.#blocks[at];
    if (block === undefined) return Buffer.alloc(0);
    if (!block.compressed) return block.bytes.subarray(0, block.size);
    if (this.#inflated?.at !== at) this.#inflated = { at, bytes: inflateRawSync(block.bytes) };
    return this.#inflated.bytes;
  }

  #close(): void {
    const block = this.#open;
    if (block === undefined) return;
    // On a thread of libuv's: ingesting goes on meanwhile.
    deflateRaw(block.bytes.subarray(0, block.size), { level: 1 }, (error, bytes) => {
      if (error !== null || bytes.length >= block.bytes.length) return;
      this.bytes += bytes.length - block.bytes.length;
      block.bytes = Buffer.from(bytes);
      block.compressed = true;
    });
  }
}
