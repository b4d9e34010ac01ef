// Keeps the first bytes of light spans that differ only by their ids.
import type { SpanContext } from '@opentelemetry/api';
import type { LightSpan } from './light-span.ts';

/** After as many equal spans in a row, their first bytes are kept: copying them once costs as much as writing several. */
const equalAtLeast = 16;

/**
 * Keeps the first bytes of spans. The create spans of one send have the same trace, parent, times and prepared part: they differ only by
 * their ids up to there.
 *
 * @internal
 */
export class Heads {
  #bytes: Uint8Array | undefined;
  #traceId = '';
  #parentId: string | undefined;
  /** The times. In a typed array, because V8 may allocate memory for a number that is stored in an object. */
  readonly #times: Float64Array = new Float64Array(4);
  /** How many spans in a row have been equal to the one before. */
  #count = 0;
  #head: Uint8Array = new Uint8Array();

  /** Whether the first bytes are those that are kept. */
  isFor(span: LightSpan, bytes: Uint8Array): boolean {
    const times = this.#times;
    const parentId = (span.parentSpanContext as SpanContext | undefined)?.spanId;
    const isSame =
      span.startNanos === times[0] &&
      span.endNanos === times[1] &&
      bytes === this.#bytes &&
      span.startSeconds === times[2] &&
      span.endSeconds === times[3] &&
      span.context.traceId === this.#traceId &&
      parentId === this.#parentId;
    if (isSame) return ++this.#count > equalAtLeast;
    this.#bytes = bytes;
    this.#traceId = span.context.traceId;
    this.#parentId = parentId;
    times[0] = span.startNanos;
    times[1] = span.endNanos;
    times[2] = span.startSeconds;
    times[3] = span.endSeconds;
    this.#count = 0;
    return false;
  }

  /** A span was written whose first bytes are not kept. */
  written(buffer: Buffer, start: number, end: number): void {
    if (this.#count === equalAtLeast) this.#head = Uint8Array.prototype.slice.call(buffer, start, end);
  }

  /** Writes the first bytes. Returns the position after them. */
  put(buffer: Buffer, start: number): number {
    buffer.set(this.#head, start);
    return start + this.#head.length;
  }
}
