// Sends the batches of one destination and handles the responses.
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '../common/suppression.ts';
import type { Accounting, DropReason } from './accounting.ts';
import { Backoff } from './backoff.ts';
import { type Batch, batchBytes } from './batch.ts';
import type { BatchQueue } from './batch-queue.ts';
import { DeliveryStats } from './delivery-stats.ts';
import { errorType } from '../common/error-type.ts';
import { ExportError } from './export-error.ts';
import type { LossLog } from './loss-log.ts';
import type { Sender, SendFailure, SendResult } from './sender.ts';
import type { SpoolQueue } from './spool/spool-queue.ts';

/**
 * Sends batches from memory and disk to the receiver: a few requests in parallel, but only one while the receiver is unreachable.
 *
 * @internal
 */
export class Delivery {
  readonly stats: DeliveryStats = new DeliveryStats();
  /** Called when an export has finished, after all its attempts; `failure` is the failure of the last one. */
  onOperation:
    | ((seconds: number, failure: SendFailure | undefined, httpStatus: number | undefined) => void)
    | undefined;
  readonly #sender: Sender;
  readonly #queue: BatchQueue;
  readonly #spool: SpoolQueue | undefined;
  readonly #accounting: Accounting;
  readonly #log: LossLog;
  readonly #concurrency: number;
  readonly #onChange: () => void;
  readonly #backoff: Backoff = new Backoff();
  readonly #inFlight: Set<Batch> = new Set();
  #loading = 0;
  #down = false;
  #answered = false;
  #wrongProtocol = false;
  /** Failures of requests that started before the last failure are ignored. */
  #failureNumber = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryAsked = false;
  #fromDisk = false;
  #stopped = false;

  constructor(parts: {
    sender: Sender;
    queue: BatchQueue;
    spool: SpoolQueue | undefined;
    accounting: Accounting;
    log: LossLog;
    concurrency: number;
    /** Called whenever a batch was finished, put back or written to disk. */
    onChange: () => void;
  }) {
    this.#sender = parts.sender;
    this.#queue = parts.queue;
    this.#spool = parts.spool;
    this.#accounting = parts.accounting;
    this.#log = parts.log;
    this.#concurrency = parts.concurrency;
    this.#onChange = parts.onChange;
  }

  /** Whether the receiver did not respond last time. */
  get down(): boolean {
    return this.#down;
  }

  /** Whether the receiver has ever responded, with success or failure. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Whether the last response was of another protocol: waiting is useless then. */
  get wrongProtocol(): boolean {
    return this.#wrongProtocol;
  }

  get inFlight(): ReadonlySet<Batch> {
    return this.#inFlight;
  }

  /** Whether a batch older than `sequence` is being sent or read from disk. */
  hasBefore(sequence: number): boolean {
    if (this.#loading > 0) return true;
    for (const batch of this.#inFlight) if (batch.sequence < sequence) return true;
    return false;
  }

  /** Sends as many batches as currently allowed. */
  pump(): void {
    if (this.#stopped) return;
    for (;;) {
      const free = (this.#down ? 1 : this.#concurrency) - this.#inFlight.size - this.#loading;
      if (this.#retryTimer !== undefined || free <= 0) return;
      const onDisk = (this.#spool?.length ?? 0) > 0;
      if (!onDisk && this.#queue.length === 0) return;
      // Alternates between disk and memory, so that neither has to wait for the other.
      this.#fromDisk = onDisk && (this.#queue.length === 0 || !this.#fromDisk);
      if (this.#fromDisk) void this.#sendFromDisk();
      else this.#sendFromMemory(free);
    }
  }

  /** Retries immediately, unless the receiver requested the delay. */
  tryAgain(): void {
    this.#wrongProtocol = false;
    if (this.#retryTimer === undefined || this.#retryAsked) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.pump();
  }

  #sendFromMemory(free: number): void {
    // A probe sends a single batch.
    const batch = (this.#down ? this.#queue.shift() : this.#queue.shiftShared(free))!;
    if (this.#isKnownTooLarge(batch, 'queued')) return;
    this.#accounting.move(batch.spans, 'queued', 'inFlight');
    void this.#send(batch);
  }

  async #sendFromDisk(): Promise<void> {
    this.#loading++;
    const batch = await this.#spool!.load();
    this.#loading--;
    if (batch === undefined) {
      this.#onChange();
      this.pump();
    } else if (this.#stopped) {
      this.#spool!.unload(batch);
      this.#onChange();
    } else if (this.#isKnownTooLarge(batch, 'inFlight')) {
      this.pump();
    } else {
      await this.#send(batch);
    }
  }

  /** Splits or drops a batch that is known to be too large for the receiver. */
  #isKnownTooLarge(batch: Batch, from: 'queued' | 'inFlight'): boolean {
    const decision = this.#queue.sizeLimit.decide(batch);
    if (decision === 'send') return false;
    if (decision === 'drop') this.drop(batch, from, 'too_large');
    else this.#split(batch, from);
    this.#onChange();
    return true;
  }

  #split(batch: Batch, from: 'queued' | 'inFlight'): void {
    if (from === 'inFlight') this.#accounting.move(batch.spans, from, 'queued');
    this.#queue.putBackHalves(batch);
  }

  async #send(batch: Batch): Promise<void> {
    const abort = new AbortController();
    batch.abort = abort;
    this.#inFlight.add(batch);
    this.stats.requests++;
    const failureNumber = this.#failureNumber;
    const started = performance.now();
    batch.startedAt ??= started;
    this.#accounting.handOver(batch.fresh);
    batch.fresh = 0;
    const result = await context.with(suppressTracing(ROOT_CONTEXT), () =>
      this.#sender.send(batchBytes(batch), abort.signal),
    );
    if (batch.abandoned) return;
    this.#inFlight.delete(batch);
    batch.abort = undefined;
    if (result.status === 'ok') {
      this.stats.acknowledged(performance.now() - started);
    } else {
      this.stats.errors++;
      batch.failure = failureOf(result.error);
    }
    this.#settle(batch, result, failureNumber);
    this.#onChange();
    this.pump();
  }

  #settle(batch: Batch, result: SendResult, failureNumber: number): void {
    if (result.status !== 'retry' || result.answered === true || result.afterMs !== undefined) this.#answered = true;
    this.#wrongProtocol = result.status === 'retry' && result.wrongProtocol === true;
    if (result.status === 'retry' && !this.#endsIncomplete(batch, result)) {
      this.stats.retries++;
      this.#putBack(batch);
      this.#log.trouble('the export failed and will be retried', result.error);
      this.#pause(result.afterMs, failureNumber);
      return;
    }
    // The receiver responds, with any status.
    this.#down = false;
    const { sizeLimit } = this.#queue;
    if (result.status === 'split') sizeLimit.rejected(batch);
    else if (result.status === 'ok') sizeLimit.taken(batch);
    if (!sizeLimit.refusesAll) this.#backoff.reset();
    if (result.status === 'retry') {
      this.#accounting.export(batch.spans, 'inFlight');
      this.#log.trouble('responses are truncated: rejected spans may count as exported', result.error);
      this.#done(batch, undefined);
    } else if (result.status === 'ok') {
      const rejected = Math.min(batch.spans, result.rejected);
      this.#accounting.export(batch.spans - rejected, 'inFlight');
      if (rejected > 0) this.#accounting.drop(rejected, 'inFlight', 'rejected', 0);
      this.#log.lost('rejected', rejected, result.detail);
      if (result.unreadable === true) this.#log.trouble('the response cannot be parsed as OTLP: is this a collector?');
      this.#done(
        batch,
        rejected > 0 ? { type: 'rejected', httpStatus: result.httpStatus } : undefined,
        result.httpStatus,
      );
    } else if (result.status === 'reject') {
      this.drop(batch, 'inFlight', 'rejected', result.error);
    } else if (batch.spans === 1) {
      this.drop(batch, 'inFlight', 'too_large', result.error);
      if (sizeLimit.refusesAll) this.#pause(undefined, failureNumber);
    } else {
      this.#split(batch, 'inFlight');
    }
  }

  /**
   * Whether a batch counts as exported although its response was truncated. It is sent once more, to learn whether spans were
   * rejected, but not repeatedly to a receiver that always truncates its responses.
   */
  #endsIncomplete(batch: Batch, result: SendResult & { status: 'retry' }): boolean {
    if (result.incomplete !== true) return false;
    if (!batch.cutOff) {
      batch.cutOff = true;
      return false;
    }
    return true;
  }

  #putBack(batch: Batch): void {
    if (batch.file !== undefined && batch.file.spans === batch.spans) {
      this.#spool!.unload(batch);
      return;
    }
    this.#accounting.move(batch.spans, 'inFlight', 'queued');
    this.#queue.putBack(batch);
  }

  #pause(afterMs: number | undefined, failureNumber: number): void {
    this.#down = true;
    if (failureNumber !== this.#failureNumber || this.#stopped) return;
    this.#failureNumber++;
    this.#retryAsked = afterMs !== undefined;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.pump();
    }, this.#backoff.next(afterMs)).unref();
  }

  /** Drops a batch. */
  drop(batch: Batch, from: 'queued' | 'inFlight', reason: DropReason, detail?: unknown): void {
    const failure = batch.failure ?? { type: reason };
    this.#accounting.drop(batch.spans, from, reason, batch.fresh, failure.type);
    // At the end of the process, one line is logged for all destinations.
    if (reason !== 'process_exit') this.#log.lost(reason, batch.spans, detail);
    this.#done(batch, failure);
  }

  #done(batch: Batch, failure: SendFailure | undefined, httpStatus?: number): void {
    if (batch.startedAt !== undefined) {
      this.onOperation?.((performance.now() - batch.startedAt) / 1000, failure, failure?.httpStatus ?? httpStatus);
    }
    this.#spool?.release(batch);
    this.#queue.release(batch);
  }

  /** Aborts all requests and returns their batches; nothing is sent afterwards. */
  stop(): Batch[] {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    const batches = [...this.#inFlight];
    this.#inFlight.clear();
    return batches.map((batch) => {
      batch.abandoned = true;
      batch.abort?.abort();
      // The sender may still read the old buffer.
      return this.#queue.copyOf(batch);
    });
  }

  /** Closes connections. */
  close(): void {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    this.#sender.close();
  }
}

function failureOf(error: unknown): SendFailure {
  return error instanceof ExportError ? error : { type: errorType(error) };
}
