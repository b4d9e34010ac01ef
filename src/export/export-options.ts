// Defines the options of exporting.
import type { ExportTarget } from '../config/export-target.ts';
import type { TransportOptions } from './otlp-senders.ts';
import type { SpoolOptions } from './spool/spool.ts';

/** How spans are batched, stored and sent to one destination. */
export interface DeliveryOptions {
  /**
   * Maximum spans per request. Default: batches of 512. Waiting batches are joined in one request, up to `maxBatchBytes`: four of
   * them, or more while more are waiting than requests are allowed.
   */
  readonly maxBatchSpans?: number | undefined;
  /** Maximum encoded bytes per request, unless a single span has more. Default 1 MiB. */
  readonly maxBatchBytes?: number | undefined;
  /** Milliseconds after which an incomplete batch is sent. Default 5000. */
  readonly intervalMs?: number | undefined;
  /** Maximum bytes in memory: encoded batches, batches being sent, and an estimate of held spans. Default 64 MiB. */
  readonly maxQueueBytes?: number | undefined;
  /** Maximum spans in memory. Default 100,000. */
  readonly maxQueueSpans?: number | undefined;
  /** Maximum concurrent requests. Default 4. */
  readonly concurrency?: number | undefined;
  /** Which spans are dropped if memory is full and there is no spool. Default `newest`. */
  readonly dropWhenFull?: 'newest' | 'oldest' | undefined;
  /** Stores unsent spans on disk, so that they survive an outage and the end of the process. Default: no spool. */
  readonly spool?: SpoolOptions | undefined;
}

/** Options of a flush or a shutdown. */
export interface FlushTimeout {
  /** Milliseconds after which the promise resolves even if spans are left. Default 30000. */
  readonly timeoutMs?: number | undefined;
}

/** The result of a flush or a shutdown. */
export interface FlushResult {
  /** Spans delivered during the call. */
  readonly exported: number;
  /** Spans that had ended before the call and are undelivered: in memory, being sent or on disk. 0 unless the call timed out. */
  readonly left: number;
  /** Spans lost during the call, for example because the receiver rejected them; not those that a sampler dropped. */
  readonly dropped: number;
}

/**
 * One of several destinations. Omitted options are inherited from the enclosing options, except `protocol`, `endpoint` and
 * `headers`.
 */
export interface DestinationOptions extends DeliveryOptions, TransportOptions {
  /** How spans are exported. Default `http/protobuf`. */
  readonly protocol?: 'http/protobuf' | 'http/json' | 'grpc' | 'zipkin' | 'console' | 'file' | undefined;
  /** The endpoint, as in {@link ExportTarget}; for a file, its path. */
  readonly endpoint?: string | undefined;
  /** Headers sent with every export. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Where spans are sent and how they are delivered. */
export interface ExportOptions extends ExportTarget, DeliveryOptions, TransportOptions {
  /**
   * Several destinations at once, instead of `protocol`, `endpoint` and `headers`. Each has its own queue, spool and counters: a
   * slow one does not delay the others. Default: none.
   */
  readonly destinations?: readonly DestinationOptions[] | undefined;
}
