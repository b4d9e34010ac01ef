// Describes a closed batch: one encoded request and what is known of it.
import type { SendFailure } from './sender.ts';
import type { SpoolFile } from './spool/spool-file.ts';

/** A closed batch: one encoded request in memory. @internal */
export interface Batch {
  /** Position in the order in which batches were closed; halves keep that of the whole. */
  readonly sequence: number;
  /** When the batch was closed, in milliseconds since 1970. */
  readonly time: number;
  readonly buffer: Buffer;
  readonly length: number;
  readonly spans: number;
  /** Its copy on disk, deleted when the batch is done with. */
  file: SpoolFile | undefined;
  /** While the batch is on the wire. */
  abort: AbortController | undefined;
  /** How many of its spans have never been on the wire or on disk. */
  fresh: number;
  /** When it was sent first, as `performance.now()` tells it. */
  startedAt: number | undefined;
  /** Why the latest attempt failed. */
  failure: SendFailure | undefined;
  /** The answer of success to it has been cut off once. */
  cutOff: boolean;
  /** The result of `send` is no longer needed: the batch was delivered or dropped in another way. */
  abandoned: boolean;
}

/** The bytes that count. @internal */
export function batchBytes(batch: Batch): Buffer {
  return batch.buffer.subarray(0, batch.length);
}
