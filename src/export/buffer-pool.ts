// Reuses the buffers of encoded batches.
/** Buffer sizes are multiples of this. */
const granule = 65_536;

/**
 * Buffers of encoded batches, reused after the acknowledgement: writing to new memory takes several times as long, because the
 * system provides it page by page.
 *
 * @internal
 */
export class BufferPool {
  /** The one that was returned last is the last one. */
  readonly #free: Buffer[] = [];
  readonly #maxKept: number;
  #kept = 0;

  /** `maxKept`: the maximum bytes kept for reuse. */
  constructor(maxKept: number = 8 * 1024 * 1024) {
    this.#maxKept = maxKept;
  }

  /** A buffer of at least `bytes`, with arbitrary content. */
  take(bytes: number): Buffer {
    return bytes < granule / 4 ? Buffer.allocUnsafeSlow(bytes) : this.takeLarge(bytes);
  }

  /** As {@link take}, with at least the smallest size that is reused. */
  takeLarge(bytes: number): Buffer {
    const capacity = Math.max(1, Math.ceil(bytes / granule)) * granule;
    // A somewhat larger one will do, because batches have different sizes.
    const largest = capacity + Math.max(granule, capacity / 2);
    for (let at = this.#free.length - 1; at >= 0; at--) {
      const buffer = this.#free[at]!;
      if (buffer.length < capacity || buffer.length > largest) continue;
      this.#free.splice(at, 1);
      this.#kept -= buffer.length;
      return buffer;
    }
    return Buffer.allocUnsafeSlow(capacity);
  }

  /** Returns a buffer to the pool. The caller must not use it afterwards. */
  give(buffer: Buffer): void {
    const capacity = buffer.length;
    if (capacity % granule !== 0 || capacity === 0 || capacity > this.#maxKept) return;
    this.#free.push(buffer);
    this.#kept += capacity;
    // Those that were not used for the longest time have sizes that are no longer needed.
    while (this.#kept > this.#maxKept) this.#kept -= this.#free.shift()!.length;
  }
}
