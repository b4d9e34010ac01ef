// Combines the parts of one destination, from the end of a span to its delivery.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { Accounting, type DropReason } from './accounting.ts';
import { BatchQueue } from './batch-queue.ts';
import { Delivery } from './delivery.ts';
import { drain } from './drain.ts';
import { EndBudget } from './end-budget.ts';
import { LossLog } from './loss-log.ts';
import { persistAll, persistOrDrop, type MemoryAndDisk } from './persist.ts';
import type { LostAtEnd } from './process-end.ts';
import type { Sender } from './sender.ts';
import type { DeliveryOptions, FlushResult, FlushTimeout } from './export-options.ts';
import { Spool } from './spool/spool.ts';
import { SpoolMaintenance } from './spool/maintenance.ts';
import { SpoolQueue } from './spool/spool-queue.ts';
import { hasBefore, spansBefore } from './undelivered.ts';

/**
 * One destination: queue, spool, requests and counters.
 *
 * @internal
 */
export class DestinationQueue {
  readonly name: string;
  readonly accounting: Accounting = new Accounting();
  readonly delivery: Delivery;
  readonly spoolQueue: SpoolQueue | undefined;
  readonly #queue: BatchQueue;
  readonly #log: LossLog;
  readonly #intervalMs: number;
  readonly #maxBytes: number;
  /** The maximum number of spans in memory. */
  readonly maxSpans: number;
  readonly #dropOldest: boolean;
  readonly #waiting: Set<() => void> = new Set();
  readonly #maintenance: SpoolMaintenance | undefined;
  #intervalTimer: NodeJS.Timeout | undefined;
  #pumping: NodeJS.Immediate | undefined;
  #closed = false;
  #exiting = false;
  #shutdown: Promise<FlushResult> | undefined;
  readonly #endBudget: EndBudget = new EndBudget();

  constructor(name: string, sender: Sender, options: DeliveryOptions = {}) {
    this.name = name;
    this.#log = new LossLog(name);
    this.#intervalMs = options.intervalMs ?? 5000;
    this.#maxBytes = options.maxQueueBytes ?? 64 * 1024 * 1024;
    this.maxSpans = options.maxQueueSpans ?? 100_000;
    this.#dropOldest = options.dropWhenFull === 'oldest';
    const limits = {
      // A batch that does not fit in memory would never be full.
      maxBatchSpans: Math.min(options.maxBatchSpans ?? 512, this.maxSpans),
      maxBatchBytes: Math.min(options.maxBatchBytes ?? 1024 * 1024, this.#maxBytes),
      // A configured number of spans applies to every request.
      mayJoin: options.maxBatchSpans === undefined,
    };
    this.#queue = new BatchQueue(limits, () => this.#onClosed());
    if (options.spool !== undefined) {
      this.spoolQueue = new SpoolQueue(new Spool(options.spool, name), this.#queue, this.accounting, this.#log);
      this.#maintenance = new SpoolMaintenance(this.spoolQueue, this.#log, () => this.#moveOn());
    }
    this.delivery = new Delivery({
      sender,
      queue: this.#queue,
      spool: this.spoolQueue,
      accounting: this.accounting,
      log: this.#log,
      concurrency: options.concurrency ?? 4,
      onChange: () => this.#onChange(),
    });
  }

  /** Adopts the spools of ended processes periodically. */
  start(): void {
    this.#maintenance?.start();
  }

  /** Spans that count as memory. */
  get #memorySpans(): number {
    return this.accounting.queued + this.accounting.inFlight + (this.accounting.source?.held ?? 0);
  }

  /** Bytes in memory. */
  get memoryBytes(): number {
    return this.#queue.bytes + (this.accounting.source?.heldBytes ?? 0);
  }

  /**
   * Whether the end of the program should wait for this destination: not if it is unreachable and the spool keeps the spans.
   */
  get unsent(): boolean {
    if (this.#closed) return false;
    const { queued, inFlight, spooled } = this.accounting;
    return this.spoolQueue !== undefined && this.delivery.down ? false : queued + inFlight + spooled > 0;
  }

  /** Makes the preceding sampler decide on all spans that it holds. */
  settleHeld(): void {
    this.accounting.source?.settle();
  }

  /** Accepts an ended span. */
  add(span: ReadableSpan): void {
    if (this.#closed) {
      // The caller reports it.
      this.accounting.dropNew('after_shutdown');
      return;
    }
    // Repeated, because a removed batch may be smaller than the new span.
    while (this.#memorySpans >= this.maxSpans || this.memoryBytes >= this.#maxBytes) {
      if (this.#makeRoom()) continue;
      this.#drop(this.spoolQueue?.full === true ? 'spool_full' : 'queue_full');
      return;
    }
    // Counted before encoding, which may close a batch whose spans must all be counted.
    this.accounting.accept();
    try {
      this.#queue.add(span);
    } catch (error) {
      this.accounting.drop(1, 'queued', 'corrupt', 1);
      this.#log.lost('corrupt', 1, error);
      return;
    }
    if (this.#exiting) this.persistOrDrop('process_exit');
    else if (this.#queue.openSpans === 1) this.#startInterval();
  }

  #drop(reason: DropReason): void {
    this.accounting.dropNew(reason);
    this.#log.lost(reason, 1);
  }

  #startInterval(): void {
    this.#intervalTimer ??= setTimeout(() => {
      this.#intervalTimer = undefined;
      this.#queue.close();
    }, this.#intervalMs).unref();
  }

  #onClosed(): void {
    // Not within the application's call to end(): a whole burst is handled once, afterwards.
    this.#pumping ??= setImmediate(() => {
      this.#pumping = undefined;
      this.#moveOn();
    });
  }

  #onChange(): void {
    this.#storeIfNeeded();
    for (const check of this.#waiting) check();
  }

  #moveOn(): void {
    this.delivery.pump();
    this.#storeIfNeeded();
  }

  /** Moves batches to disk while the receiver is unreachable or memory is half full. */
  #storeIfNeeded(): void {
    const spool = this.spoolQueue;
    if (spool === undefined || spool.writing !== undefined) return;
    if (!this.delivery.down && this.#queue.bytes < this.#maxBytes / 2 && this.#memorySpans < this.maxSpans / 2) return;
    const batch = this.#queue.shiftJoined(Infinity);
    if (batch !== undefined && !spool.store(batch, () => this.#afterStore())) this.#queue.putBack(batch);
    else if (batch !== undefined && spool.writing === undefined) this.#storeIfNeeded();
  }

  #afterStore(): void {
    this.#onChange();
    this.delivery.pump();
  }

  /** Frees memory: moves a batch to disk if possible, else drops the oldest batch if `dropWhenFull` is `oldest`. */
  #makeRoom(): boolean {
    if (this.#queue.length === 0 && this.spoolQueue !== undefined) this.#queue.close(true);
    const batch = this.#queue.shift();
    if (batch === undefined) return false;
    if (this.spoolQueue?.storeSync(batch) === true) return true;
    if (this.#dropOldest) {
      this.delivery.drop(batch, 'queued', this.spoolQueue?.full === true ? 'spool_full' : 'queue_full');
      return true;
    }
    this.#queue.putBack(batch);
    return false;
  }

  /** Adopts the spools of ended processes. */
  adopt(): Promise<void> {
    if (this.spoolQueue === undefined || this.#closed) return Promise.resolve();
    return this.#maintenance!.adopt();
  }

  /** Sends all spans that have ended so far, and waits for the responses. Never rejects. */
  flush({ timeoutMs = 30_000 }: FlushTimeout = {}): Promise<FlushResult> {
    return this.#drain(timeoutMs, this.accounting.exported, this.accounting.lost);
  }

  async #drain(timeoutMs: number, exported: number, lost: number): Promise<FlushResult> {
    const { delivery } = this;
    const mark = await drain(
      {
        prepare: () => {
          this.#queue.close();
          const [{ settling }, adopting] = [this.#queue, this.#maintenance?.adopting];
          return settling === undefined && adopting === undefined ? undefined : Promise.all([settling, adopting]);
        },
        begin: () => {
          const mark = this.#queue.nextSequence();
          this.#moveOn();
          delivery.tryAgain();
          return mark;
        },
        hasBefore: (sequence) => hasBefore(this.#parts, sequence),
        get answered() {
          return delivery.answered;
        },
        get hopeless() {
          return delivery.wrongProtocol;
        },
        waiting: this.#waiting,
      },
      timeoutMs,
    );
    return this.#result(exported, lost, mark);
  }

  /** @param mark - the sequence number of the first batch whose spans ended after the call. */
  #result(exported: number, lost: number, mark: number): FlushResult {
    const { accounting } = this;
    return {
      exported: accounting.exported - exported,
      left: spansBefore(this.#parts, mark),
      dropped: accounting.lost - lost,
    };
  }

  /** Stops: drops new spans, sends queued spans and keeps the rest on disk. Never rejects. */
  shutdown({ timeoutMs = 30_000 }: FlushTimeout = {}): Promise<FlushResult> {
    this.#shutdown ??= this.#end(timeoutMs);
    return this.#shutdown;
  }

  async #end(timeoutMs: number): Promise<FlushResult> {
    const { exported, lost } = this.accounting;
    this.settleHeld();
    this.#closed = true;
    await this.#drain(timeoutMs, exported, lost);
    this.persistOrDrop('shutdown_deadline');
    await this.spoolQueue?.settled();
    this.close();
    return this.#result(exported, lost, Infinity);
  }

  /** Writes everything in memory to disk synchronously, and drops what cannot be written; nothing is sent afterwards. */
  persistOrDrop(reason: 'shutdown_deadline' | 'process_exit'): LostAtEnd {
    // Spans that end later, in another listener for 'exit', are handled immediately.
    this.#exiting ||= reason === 'process_exit';
    return persistOrDrop(this.#parts, reason);
  }

  /**
   * Writes everything in memory to disk synchronously and continues, for a signal that may or may not end the process. Returns the
   * number of spans that are still only in memory.
   */
  persistAll(): LostAtEnd {
    const left = persistAll(this.#parts);
    this.#moveOn();
    return left;
  }

  /** The event loop is empty: the program ends unless there are spans to send. */
  loopEmpty(): void {
    this.#endBudget.loopEmpty(this.accounting.accepted, this.delivery.answered);
  }

  /** Sends the remaining spans at the natural end of the program, within the time limit. */
  flushAtEnd(): void {
    const left = this.unsent ? this.#endBudget.open(performance.now()) : 0;
    if (left > 0) void this.flush({ timeoutMs: left });
    // Does not run if nothing keeps the event loop alive, and is not needed then.
    setImmediate(() => this.#endBudget.settled(this.accounting.accepted)).unref();
  }

  get #parts(): MemoryAndDisk {
    return { accounting: this.accounting, queue: this.#queue, delivery: this.delivery, spool: this.spoolQueue };
  }

  /** Stops timers and connections. */
  close(): void {
    this.#closed = true;
    this.#maintenance?.stop();
    clearTimeout(this.#intervalTimer);
    clearImmediate(this.#pumping);
    this.delivery.close();
    this.spoolQueue?.spool.close(this.accounting.spooled === 0);
  }
}
