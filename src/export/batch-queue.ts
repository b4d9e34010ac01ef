// Queues the batches of one destination in memory, in order.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Batch, batchBytes } from './batch.ts';
import { BufferPool } from './buffer-pool.ts';
import { type EncodedRequest, OpenBatch } from './open-batch.ts';
import { splitRequest } from './otlp-request.ts';
import { SizeLimit } from './size-limit.ts';

/** How batches are formed. @internal */
export interface BatchLimits {
  readonly maxBatchSpans: number;
  readonly maxBatchBytes: number;
  /** Whether waiting batches may be joined in one request, up to `maxBatchBytes`. */
  readonly mayJoin: boolean;
}

/** So many waiting batches are joined even if more requests are allowed, because each request has a cost. */
const sharedAtLeast = 4;
/** The longest time that a batch waits for resource detection. */
const resourceLimitMs = 30_000;

/**
 * Batches in memory: the open one and the waiting ones, oldest first.
 *
 * @internal
 */
export class BatchQueue {
  readonly #limits: BatchLimits;
  readonly #pool: BufferPool = new BufferPool();
  readonly #open: OpenBatch = new OpenBatch();
  readonly #closed: Batch[] = [];
  #bufferBytes = 0;
  #sequence = 0;
  /** The known size limit of the receiver. */
  readonly sizeLimit: SizeLimit = new SizeLimit();
  #settling: Promise<void> | undefined;
  /** Called when a batch has been closed. */
  readonly #onClosed: () => void;

  constructor(limits: BatchLimits, onClosed: () => void) {
    this.#limits = limits;
    this.#onClosed = onClosed;
  }

  /** Maximum bytes of one request. */
  get #maxBytes(): number {
    return Math.min(this.#limits.maxBatchBytes, this.sizeLimit.bytes);
  }

  /** Bytes of all batches in memory, including those being sent. */
  get bytes(): number {
    return this.#bufferBytes + this.#open.bytes;
  }

  /** The number of waiting batches. */
  get length(): number {
    return this.#closed.length;
  }

  /** Spans of the open batch. */
  get openSpans(): number {
    return this.#open.spans;
  }

  /** The next number in the order of batches. */
  nextSequence(): number {
    return this.#sequence++;
  }

  /** Settles when the resources of the open batch are known; undefined if they are. */
  get settling(): Promise<void> | undefined {
    return this.#settling;
  }

  /** Encodes a span into the open batch. @throws if reading the span throws; the batch is then unchanged. */
  add(span: ReadableSpan): void {
    const open = this.#open;
    const maxBytes = this.#maxBytes;
    open.add(span);
    if (open.bytes > maxBytes && open.spans > 1 && !open.resourcePending) {
      this.#push(open.closeBeforeLast(this.#pool));
    }
    if (open.spans >= this.#limits.maxBatchSpans || open.bytes >= maxBytes) this.close();
  }

  /** Closes the open batch as soon as its resource is known; immediately if `now` is set. */
  close(now = false): void {
    const open = this.#open;
    if (open.spans === 0) return;
    if (!now && open.resourcePending) {
      this.#settling ??= this.#closeWhenSettled();
      return;
    }
    this.#push(open.close(this.#pool));
  }

  async #closeWhenSettled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, resourceLimitMs).unref();
    });
    await Promise.race([this.#open.resourcesSettled(), limit]);
    clearTimeout(timer);
    this.#settling = undefined;
    this.close(true);
  }

  #push(request: EncodedRequest): void {
    const { maxBatchSpans, maxBatchBytes } = this.#limits;
    const pending = [request];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { buffer, length, spans } = next;
      // More spans may have been added during resource detection than fit in one request.
      if (spans > 1 && (spans > maxBatchSpans || length > maxBatchBytes * 2)) {
        const [first, second] = splitRequest(buffer.subarray(0, length), spans);
        const middle = Math.ceil(spans / 2);
        pending.push(
          { buffer: second, length: second.length, spans: spans - middle },
          { buffer: first, length: first.length, spans: middle },
        );
        this.#pool.give(buffer);
        continue;
      }
      this.#closed.push(this.adopt(buffer, length, spans, this.nextSequence()));
    }
    this.#onClosed();
  }

  /** Creates a batch from a buffer, whose bytes count as memory from now on. */
  adopt(
    buffer: Buffer,
    length: number,
    spans: number,
    sequence: number,
    time: number = Date.now(),
    fresh: number = spans,
  ): Batch {
    this.#bufferBytes += buffer.length;
    return {
      sequence,
      time,
      buffer,
      length,
      spans,
      file: undefined,
      abort: undefined,
      fresh,
      startedAt: undefined,
      failure: undefined,
      cutOff: false,
      abandoned: false,
    };
  }

  /** Removes and returns the oldest batch. It counts as memory until it is put back or released. */
  shift(): Batch | undefined {
    return this.#closed.shift();
  }

  /** As {@link shiftJoined}, for one of so many allowed requests, which share all waiting batches. */
  shiftShared(requests: number): Batch | undefined {
    return this.shiftJoined(Math.max(sharedAtLeast, Math.ceil(this.#closed.length / requests)));
  }

  /**
   * Removes and returns the oldest batch joined with the following ones, up to `most`, as far as they fit in one request: with slow
   * responses, larger requests increase the throughput.
   */
  shiftJoined(most: number): Batch | undefined {
    const first = this.#closed[0];
    let count = 1;
    let bytes = first?.length ?? 0;
    let spans = first?.spans ?? 0;
    const maxBytes = this.#maxBytes;
    if (this.#limits.mayJoin && first?.file === undefined) {
      for (; count < most && count < this.#closed.length; count++) {
        const next = this.#closed[count]!;
        if (next.file !== undefined || bytes + next.length > maxBytes) break;
        bytes += next.length;
        spans += next.spans;
      }
    }
    if (count === 1) return this.shift();
    // Concatenating the bytes joins requests, because a request consists of one repeated field.
    const buffer = this.#pool.take(bytes);
    let at = 0;
    let fresh = 0;
    let startedAt: number | undefined;
    for (const batch of this.#closed.splice(0, count)) {
      at += batchBytes(batch).copy(buffer, at);
      fresh += batch.fresh;
      startedAt ??= batch.startedAt;
      this.release(batch);
    }
    const joined = this.adopt(buffer, bytes, spans, first!.sequence, first!.time, fresh);
    joined.startedAt = startedAt;
    return joined;
  }

  /** Puts a batch back at its position. */
  putBack(batch: Batch): void {
    let at = 0;
    while (at < this.#closed.length && this.#closed[at]!.sequence < batch.sequence) at++;
    this.#closed.splice(at, 0, batch);
  }

  /** Replaces a batch with its two halves. */
  putBackHalves(batch: Batch): void {
    const halves = splitRequest(batchBytes(batch), batch.spans);
    const firstSpans = Math.ceil(batch.spans / 2);
    const [first, second] = halves.map((half, index) => {
      const spans = index === 0 ? firstSpans : batch.spans - firstSpans;
      const fresh = index === 0 ? Math.min(batch.fresh, spans) : Math.max(0, batch.fresh - firstSpans);
      const part = this.adopt(half, half.length, spans, batch.sequence, batch.time, fresh);
      part.startedAt = batch.startedAt;
      return part;
    }) as [Batch, Batch];
    if (batch.file !== undefined) {
      batch.file.holders++;
      first.file = batch.file;
      second.file = batch.file;
    }
    this.release(batch);
    this.putBack(second);
    this.putBack(first);
  }

  /** The same batch in a new buffer; the old buffer stays valid for its current user. */
  copyOf(batch: Batch): Batch {
    const buffer = Buffer.from(batchBytes(batch));
    this.#bufferBytes -= batch.buffer.length;
    const copy = this.adopt(buffer, buffer.length, batch.spans, batch.sequence, batch.time, batch.fresh);
    copy.startedAt = batch.startedAt;
    copy.failure = batch.failure;
    copy.file = batch.file;
    copy.cutOff = batch.cutOff;
    return copy;
  }

  /** Releases a batch: its buffer may be reused. */
  release(batch: Batch): void {
    this.#bufferBytes -= batch.buffer.length;
    this.#pool.give(batch.buffer);
  }

  /** The spans of waiting batches that are older than `sequence`, and of the open one while it waits for its resource. */
  spansBefore(sequence: number): number {
    let spans = this.#settling === undefined ? 0 : this.#open.spans;
    for (const batch of this.#closed) if (batch.sequence < sequence) spans += batch.spans;
    return spans;
  }

  /** Whether a waiting batch is older than `sequence`. */
  hasBefore(sequence: number): boolean {
    return this.#closed.some((batch) => batch.sequence < sequence);
  }
}
