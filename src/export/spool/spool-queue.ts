// Queues the batches of one destination on disk, in order.
import type { Accounting } from '../accounting.ts';
import { type Batch, batchBytes } from '../batch.ts';
import type { BatchQueue } from '../batch-queue.ts';
import type { LossLog } from '../loss-log.ts';
import { adoptAbandoned } from './adoption.ts';
import { DamagedFileError, type Spool } from './spool.ts';
import { nameSpoolFile, type SpoolFile } from './spool-file.ts';

/** The time after a failed write during which only memory is used. */
const pauseMs = 5000;

/**
 * The batches on disk of one destination, oldest first, with counters. Batches come from the queue in memory and return to it to be
 * sent.
 *
 * @internal
 */
export class SpoolQueue {
  readonly spool: Spool;
  readonly #queue: BatchQueue;
  readonly #accounting: Accounting;
  readonly #log: LossLog;
  readonly #files: SpoolFile[] = [];
  readonly #reading: Set<SpoolFile> = new Set();
  #writing: { readonly batch: Batch; readonly file: SpoolFile; done: Promise<void> } | undefined;
  #abandonedWrite: Promise<void> | undefined;
  #discardAbandoned = false;
  #pausedUntil = 0;
  #full = false;
  /** Failed disk operations. */
  errors = 0;

  constructor(spool: Spool, queue: BatchQueue, accounting: Accounting, log: LossLog) {
    this.spool = spool;
    this.#queue = queue;
    this.#accounting = accounting;
    this.#log = log;
  }

  /** The number of waiting files. */
  get length(): number {
    return this.#files.length;
  }

  /** Resolves when the write in progress has finished. */
  get writing(): Promise<void> | undefined {
    return this.#writing?.done;
  }

  /** Resolves when no write is in progress, including abandoned ones. */
  async settled(): Promise<void> {
    await Promise.all([this.#writing?.done, this.#abandonedWrite]);
  }

  /** Whether the spool was full for the last batch. */
  get full(): boolean {
    return this.#full;
  }

  /** Whether a batch on disk or being written is older than `sequence`. */
  hasBefore(sequence: number): boolean {
    return (
      (this.#writing?.batch.sequence ?? Infinity) < sequence || this.#files.some((file) => file.sequence < sequence)
    );
  }

  /** The spans on disk, being written or being read, of batches that are older than `sequence`. */
  spansBefore(sequence: number): number {
    const writing = this.#writing?.batch;
    let spans = writing !== undefined && writing.sequence < sequence ? writing.spans : 0;
    for (const file of [...this.#files, ...this.#reading]) if (file.sequence < sequence) spans += file.spans;
    return spans;
  }

  #insert(file: SpoolFile): void {
    let at = this.#files.length;
    while (at > 0 && this.#files[at - 1]!.time > file.time) at--;
    this.#files.splice(at, 0, file);
  }

  #failed(error: unknown): void {
    this.errors++;
    this.#pausedUntil = Date.now() + pauseMs;
    this.#log.trouble('the spool cannot be written', error);
  }

  #canWrite(batch: Batch, evenPaused: boolean): boolean {
    if (!evenPaused && Date.now() < this.#pausedUntil) return false;
    this.#full = !this.spool.hasRoomFor(batch.length);
    return !this.#full;
  }

  /** Moves a batch that was removed from the queue to disk in the background. Returns false if that is currently not possible. */
  store(batch: Batch, after: () => void): boolean {
    if (this.#writing !== undefined) return false;
    if (this.#keepCopy(batch)) return true;
    if (!this.#canWrite(batch, false)) return false;
    const file = nameSpoolFile(batchBytes(batch), batch.spans, batch.sequence, batch.time);
    const entry = { batch, file, done: Promise.resolve() };
    this.#writing = entry;
    this.spool.bytes += file.bytes;
    entry.done = this.spool.write(file, batchBytes(batch)).then(
      () => {
        this.#settleWrite(entry, true);
        after();
      },
      (error: unknown) => {
        this.#failed(error);
        this.#settleWrite(entry, false);
        after();
      },
    );
    return true;
  }

  #settleWrite(entry: { batch: Batch; file: SpoolFile }, written: boolean): void {
    const { batch, file } = entry;
    if (this.#writing === entry) this.#writing = undefined;
    if (batch.abandoned) {
      // The same file was written synchronously in the meantime, unless that failed and its spans count as lost.
      if (written && this.#discardAbandoned) this.spool.discard(file);
      return;
    }
    if (written) {
      this.#count(batch, file, 'queued');
      return;
    }
    this.spool.bytes -= file.bytes;
    this.#queue.putBack(batch);
  }

  #count(batch: Batch, file: SpoolFile, from: 'queued' | 'inFlight'): void {
    this.release(batch);
    this.#accounting.handOver(batch.fresh);
    file.startedAt = batch.startedAt;
    this.#accounting.move(batch.spans, from, 'spooled');
    this.#queue.release(batch);
    this.#insert(file);
  }

  /** A batch with a complete copy on disk is only removed from memory. */
  #keepCopy(batch: Batch, from: 'queued' | 'inFlight' = 'queued'): boolean {
    const file = batch.file;
    if (file === undefined || file.spans !== batch.spans) return false;
    batch.file = undefined;
    this.#count(batch, file, from);
    return true;
  }

  /**
   * Moves a batch that was removed from the queue to disk synchronously. Returns false if that failed; the batch is then unchanged.
   */
  storeSync(batch: Batch, from: 'queued' | 'inFlight' = 'queued', evenPaused = false): boolean {
    if (this.#keepCopy(batch, from)) return true;
    const file = this.#writeSync(batch, evenPaused);
    if (file === undefined) return false;
    this.#count(batch, file, from);
    return true;
  }

  /** Writes a copy of a batch that is being sent. */
  copySync(batch: Batch): void {
    if (batch.file === undefined) batch.file = this.#writeSync(batch, true);
  }

  #writeSync(batch: Batch, evenPaused: boolean): SpoolFile | undefined {
    if (!this.#canWrite(batch, evenPaused)) return undefined;
    const file = nameSpoolFile(batchBytes(batch), batch.spans, batch.sequence, batch.time);
    try {
      this.spool.writeSync(file, batchBytes(batch));
      return file;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Returns the batch of a write in progress, to write it synchronously at the end of the process. */
  takeWriting(): Batch | undefined {
    const entry = this.#writing;
    if (entry === undefined) return undefined;
    this.#writing = undefined;
    this.#abandonedWrite = entry.done;
    this.#discardAbandoned = false;
    const { batch, file } = entry;
    this.spool.bytes -= file.bytes;
    batch.abandoned = true;
    // The write in the background still reads the old buffer, which therefore must not be reused.
    return this.#queue.copyOf(batch);
  }

  /** The batch returned by {@link takeWriting} was dropped: it must not appear on disk. */
  discardWriting(): void {
    this.#discardAbandoned = true;
  }

  /** Reads the oldest file into a batch that is ready to be sent and counted as in flight; undefined if there is none. */
  async load(): Promise<Batch | undefined> {
    for (;;) {
      const file = this.#files.shift();
      if (file === undefined) return undefined;
      if (Date.now() - file.time > this.spool.maxAgeMs) {
        this.#drop(file, 'expired');
        continue;
      }
      this.#reading.add(file);
      const batch = await this.#read(file);
      this.#reading.delete(file);
      if (batch !== undefined) return batch;
    }
  }

  async #read(file: SpoolFile): Promise<Batch | undefined> {
    try {
      const bytes = await this.spool.read(file);
      const batch = this.#queue.adopt(bytes, bytes.length, file.spans, file.sequence, file.time, 0);
      batch.file = file;
      batch.startedAt = file.startedAt;
      this.#accounting.move(file.spans, 'spooled', 'inFlight');
      return batch;
    } catch (error) {
      this.errors++;
      if (error instanceof DamagedFileError) {
        this.#accounting.drop(file.spans, 'spooled', 'corrupt', 0);
        this.#log.lost('corrupt', file.spans, error);
        await this.spool.setAside(file);
      } else {
        this.#log.trouble('the spool cannot be read', error);
        this.#insert(file);
        await new Promise((resolve) => setTimeout(resolve, 1000).unref());
      }
      return undefined;
    }
  }

  #drop(file: SpoolFile, reason: 'expired'): void {
    this.#accounting.drop(file.spans, 'spooled', reason, 0);
    this.#log.lost(reason, file.spans);
    this.spool.remove(file);
  }

  /** Returns a batch from {@link load} to the queue on disk, where its file still is. */
  unload(batch: Batch): void {
    this.#keepCopy(batch, 'inFlight');
  }

  /** The batch is finished: deletes its copy on disk, unless another half still needs it. */
  release(batch: Batch): void {
    const file = batch.file;
    batch.file = undefined;
    if (file !== undefined && --file.holders === 0) this.spool.remove(file);
  }

  /** Drops expired files. */
  expire(now: number = Date.now()): void {
    const limit = now - this.spool.maxAgeMs;
    while (this.#files.length > 0 && this.#files[0]!.time < limit) this.#drop(this.#files.shift()!, 'expired');
  }

  /** Adopts the files of ended processes. */
  async adopt(): Promise<void> {
    const files = await adoptAbandoned(this.spool, () => this.#queue.nextSequence());
    for (const file of files) {
      this.#accounting.adopt(file.spans);
      this.#insert(file);
    }
  }
}
