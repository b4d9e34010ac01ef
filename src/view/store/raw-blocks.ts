// Stores encoded spans in compressed blocks.
import { deflateRaw, inflateRawSync } from 'node:zlib';
import type { AttributeHashes } from '../otlp/attribute-hash.ts';

/** A block of encoded spans. */
export interface Block {
  readonly bytes: Buffer;
  readonly compressed: boolean;
  /** Number of bytes in use, before compression. */
  readonly size: number;
}

type OpenBlock = { -readonly [Key in keyof Block]: Block[Key] } & {
  /** A Bloom filter of the attributes; undefined if a span has too many to hash. */
  attributes: Uint32Array | undefined;
};

/** Small enough to read one span quickly, and large enough to compress well. */
const blockSize = 64 * 1024;
/** Bits of a block's Bloom filter: with a thousand different attributes, one look-up in 200 is a false positive. */
const filterBits = 2 ** 14;
const offsets = 2 ** 22;
/** Maximum number of cached decompressed blocks, for all stores: spans of one block are often read one after another. */
const maxInflated = 64;
const inflated = new Map<Block, Buffer>();

/** The three bits of a hash in a filter: functions and not a list, since each attribute of each span is indexed. */
const firstBit = (hash: number): number => hash % filterBits;
const secondBit = (hash: number): number => Math.floor(hash / filterBits) % filterBits;
const thirdBit = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> 18;

function setBit(filter: Uint32Array, bit: number): void {
  filter[bit >>> 5]! |= 1 << (bit & 31);
}

function hasBit(filter: Uint32Array, bit: number): boolean {
  return (filter[bit >>> 5]! & (1 << (bit & 31))) !== 0;
}

/** Encoded spans in blocks, which are compressed once they are full. */
export class RawBlocks {
  readonly #blocks: OpenBlock[] = [];
  #open: OpenBlock | undefined;
  /** Memory of the blocks, in bytes. */
  bytes = 0;

  /** Copies a span; returns its place, for {@link read}. */
  add(source: Buffer, from: number, to: number, attributes: AttributeHashes): number {
    const length = to - from;
    if (this.#open === undefined || this.#open.size + length > this.#open.bytes.length) {
      this.#close();
      const bytes = Buffer.allocUnsafeSlow(Math.max(blockSize, length));
      this.#open = { bytes, compressed: false, size: 0, attributes: new Uint32Array(filterBits / 32) };
      this.#blocks.push(this.#open);
      this.bytes += bytes.length + filterBits / 8;
    }
    this.#index(this.#open, attributes);
    const place = this.placeOf(this.#blocks.length - 1, this.#open.size);
    source.copy(this.#open.bytes, this.#open.size, from, to);
    this.#open.size += length;
    return place;
  }

  read(place: number, length: number): Buffer {
    const at = Math.floor(place / offsets);
    const offset = place % offsets;
    return this.block(at).subarray(offset, offset + length);
  }

  /** The place at an offset in a block. */
  placeOf(block: number, offset: number): number {
    return block * offsets + Math.min(offset, offsets - 1);
  }

  get count(): number {
    return this.#blocks.length;
  }

  /** One block as it is stored. */
  stored(at: number): Block | undefined {
    return this.#blocks[at];
  }

  /** Whether a block may hold an attribute with one of these hashes. */
  mayHold(at: number, hashes: readonly number[]): boolean {
    const filter = this.#blocks[at]?.attributes;
    if (filter === undefined) return true;
    return hashes.some(
      (hash) => hasBit(filter, firstBit(hash)) && hasBit(filter, secondBit(hash)) && hasBit(filter, thirdBit(hash)),
    );
  }

  /** The decompressed content of one block. */
  block(at: number): Buffer {
    const block = this.#blocks[at];
    if (block === undefined) return Buffer.alloc(0);
    if (!block.compressed) return block.bytes.subarray(0, block.size);
    let bytes = inflated.get(block);
    if (bytes !== undefined) return bytes;
    bytes = inflateRawSync(block.bytes);
    if (inflated.size >= maxInflated) inflated.delete(inflated.keys().next().value!);
    inflated.set(block, bytes);
    return bytes;
  }

  #index(block: OpenBlock, { values, count, overflows }: AttributeHashes): void {
    if (overflows) block.attributes = undefined;
    const filter = block.attributes;
    if (filter === undefined) return;
    for (let at = 0; at < count; at++) {
      const hash = values[at]!;
      setBit(filter, firstBit(hash));
      setBit(filter, secondBit(hash));
      setBit(filter, thirdBit(hash));
    }
  }

  #close(): void {
    const block = this.#open;
    if (block === undefined) return;
    // Asynchronous, in libuv's thread pool, so that spans can be received meanwhile.
    deflateRaw(block.bytes.subarray(0, block.size), { level: 1 }, (error, bytes) => {
      if (error !== null || bytes.length >= block.bytes.length) return;
      this.bytes += bytes.length - block.bytes.length;
      block.bytes = Buffer.from(bytes);
      block.compressed = true;
    });
  }
}
