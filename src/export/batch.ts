// Defines a closed batch: one encoded request and its state.
import type { SendFailure } from './sender.ts';
import type { SpoolFile } from './spool/spool-file.ts';

/** A closed batch: one encoded request in memory. @internal */
export interface Batch {
  /** Position in the order in which batches were closed; halves keep the position of the original. */
  readonly sequence: number;
  /** When the batch was closed, in milliseconds since 1970. */
  readonly time: number;
  readonly buffer: Buffer;
  readonly length: number;
  readonly spans: number;
  /** Its copy on disk, deleted when the batch is finished. */
  file: SpoolFile | undefined;
  /** Set while the batch is being sent. */
  abort: AbortController | undefined;
  /** The number of its spans that were never sent or written to disk. */
  fresh: number;
  /** The time of the first attempt, from `performance.now()`. */
  startedAt: number | undefined;
  /** The failure of the last attempt. */
  failure: SendFailure | undefined;
  /** A successful response to it has been truncated once. */
  cutOff: boolean;
  /** The result of `send` is no longer used: the batch was delivered or dropped in another way. */
  abandoned: boolean;
}

/** The used bytes of the buffer. @internal */
export function batchBytes(batch: Batch): Buffer {
  return batch.buffer.subarray(0, batch.length);
}
