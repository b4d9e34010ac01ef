// Defines the statistics that stats() returns.
import type { SpanCounts } from './accounting.ts';
import type { DestinationQueue } from './destination-queue.ts';

/** Snapshot of one destination. */
export interface DestinationStats extends SpanCounts {
  /** Protocol and URL, without user and password. */
  readonly name: string;
  /** Sent requests. */
  readonly requests: number;
  /** Failed requests, retried or not. */
  readonly exportErrors: number;
  /** Failed requests that were or will be retried. */
  readonly retries: number;
  /** Duration of the last acknowledged request in milliseconds; 0 before the first. */
  readonly latencyLastMs: number;
  /** Exponential moving average of that duration, with a weight of 0.1 for each new value. */
  readonly latencyAverageMs: number;
  /** Bytes in memory: encoded batches, including those being sent, and an estimate of held spans. */
  readonly memoryBytes: number;
  /** Bytes on disk. */
  readonly spoolBytes: number;
  /** Failed disk operations. */
  readonly spoolErrors: number;
}

/** Snapshot of tracing. All counts are since the start. */
export interface TracingStats {
  /** Started spans, recorded or not. */
  readonly created: number;
  /** Started spans that are recorded: sampled spans, and spans that are decided at their end. */
  readonly recorded: number;
  /** Started spans that were sampled at their start. */
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
