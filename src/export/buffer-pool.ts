// Reuses the buffers of encoded batches.
/** Buffer sizes are multiples of this. */
const granule = 65_536;

/**
 * Buffers of encoded batches, reused after the acknowledgement.
 *
 * @internal
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();
  readonly #maxKept: number;
  #kept = 0;

  /** `maxKept`: the maximum bytes kept for reuse. */
  constructor(maxKept: number = 8 * 1024 * 1024) {
    this.#maxKept = maxKept;
  }

  /** A buffer of at least `bytes`, with arbitrary content. */
  take(bytes: number): Buffer {
    if (bytes < granule / 4) return Buffer.allocUnsafeSlow(bytes);
    const capacity = Math.ceil(bytes / granule) * granule;
    const kept = this.#free.get(capacity)?.pop();
    if (kept === undefined) return Buffer.allocUnsafeSlow(capacity);
    this.#kept -= capacity;
    return kept;
  }

  /** Returns a buffer to the pool. The caller must not use it afterwards. */
  give(buffer: Buffer): void {
    const capacity = buffer.length;
    if (capacity % granule !== 0 || capacity === 0 || this.#kept + capacity > this.#maxKept) return;
    this.#kept += capacity;
    const list = this.#free.get(capacity);
    if (list === undefined) this.#free.set(capacity, [buffer]);
    else list.push(buffer);
  }
}
