// The statistics that stats() returns.
import type { SpanCounts } from './accounting.ts';
import type { DestinationQueue } from './destination-queue.ts';

/** One destination at one moment. */
export interface DestinationStats extends SpanCounts {
  /** Protocol and URL, without user and password. */
  readonly name: string;
  /** Requests sent. */
  readonly requests: number;
  /** Requests that failed, whether or not they were tried again. */
  readonly exportErrors: number;
  /** Failed requests that were, or will be, tried again. */
  readonly retries: number;
  /** Milliseconds that the last acknowledged request took; 0 before the first. */
  readonly latencyLastMs: number;
  /** Exponential moving average of the same; a new value weighs a tenth. */
  readonly latencyAverageMs: number;
  /** Bytes in memory: encoded batches, on the wire or not, and an estimate of spans held. */
  readonly memoryBytes: number;
  /** Bytes on disk. */
  readonly spoolBytes: number;
  /** Operations on the disk that failed. */
  readonly spoolErrors: number;
}

/** Tracing at one moment. All counts are since the start. */
export interface TracingStats {
  /** Spans that were started, recorded or not. */
  readonly created: number;
  /** Of these, those that are recorded: all that are to be exported, and those on which only their end can decide. */
  readonly recorded: number;
  /** Of these, those that are to be exported, as far as their start tells. */
  readonly sampled: number;
  readonly destinations: readonly DestinationStats[];
}

/** @internal */
export function destinationStats(destination: DestinationQueue): DestinationStats {
  const { requests, errors, retries, latencyLastMs, latencyAverageMs } = destination.delivery.stats;
  return {
    name: destination.name,
    ...destination.accounting.counts(),
    requests,
    exportErrors: errors,
    retries,
    latencyLastMs,
    latencyAverageMs,
    memoryBytes: destination.memoryBytes,
    spoolBytes: destination.spoolQueue?.spool.bytes ?? 0,
    spoolErrors: destination.spoolQueue?.errors ?? 0,
  };
}
