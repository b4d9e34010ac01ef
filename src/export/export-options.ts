// The options of exporting.
import type { ExportTarget } from '../config/export-target.ts';
import type { TransportOptions } from './otlp-senders.ts';
import type { SpoolOptions } from './spool/spool.ts';

/** How spans are batched, kept and sent to one destination. */
export interface DeliveryOptions {
  /**
   * Spans in one request at most. Default: batches of 512, of which several go in one request while more wait than may be on the
   * wire, up to `maxBatchBytes`.
   */
  readonly maxBatchSpans?: number | undefined;
  /** Encoded bytes in one request at most, unless one span has more. Default 1 MiB. */
  readonly maxBatchBytes?: number | undefined;
  /** Milliseconds after which a batch is sent that is not full. Default 5000. */
  readonly intervalMs?: number | undefined;
  /** Bytes in memory at most: encoded batches, batches on the wire, and an estimate of spans held. Default 64 MiB. */
  readonly maxQueueBytes?: number | undefined;
  /** Spans in memory at most. Default 100,000. */
  readonly maxQueueSpans?: number | undefined;
  /** Requests on the wire at the same time, at most. Default 4. */
  readonly concurrency?: number | undefined;
  /** What is lost when memory is full and no spool takes it. Default `newest`. */
  readonly dropWhenFull?: 'newest' | 'oldest' | undefined;
  /** Keeps on disk what cannot be sent, so that it survives an outage and the end of the process. Default: none. */
  readonly spool?: SpoolOptions | undefined;
}

/** How long a flush or a shutdown may take. */
export interface FlushTimeout {
  /** Milliseconds after which the promise resolves with spans left over. Default 30000. */
  readonly timeoutMs?: number | undefined;
}

/** What a flush or a shutdown achieved. */
export interface FlushResult {
  /** Spans delivered meanwhile. */
  readonly exported: number;
  /** Spans still here: in memory, on the wire or on disk. */
  readonly left: number;
  /** Spans lost meanwhile. */
  readonly dropped: number;
}

/** One of several destinations. What is left out is as in the options around it, except where spans go. */
export interface DestinationOptions extends DeliveryOptions, TransportOptions {
  /** How spans are exported. Default `http/protobuf`. */
  readonly protocol?: 'http/protobuf' | 'http/json' | 'grpc' | 'zipkin' | 'console' | 'file' | undefined;
  /** Where to; as `endpoint` of {@link ExportTarget}. For a file its path. */
  readonly endpoint?: string | undefined;
  /** Sent with every export. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Where spans go and how they are delivered. */
export interface ExportOptions extends ExportTarget, DeliveryOptions, TransportOptions {
  /**
   * Several destinations at once, instead of `protocol`, `endpoint` and `headers`. Each has its own queue, spool and counters:
   * a slow one does not hold up another. Default: none.
   */
  readonly destinations?: readonly DestinationOptions[] | undefined;
}
