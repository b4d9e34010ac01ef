// Finds the batches of one destination that a flush waits for.
import type { MemoryAndDisk } from './persist.ts';

/** Whether a batch older than `sequence` is undelivered. @internal */
export function hasBefore({ delivery, queue, spool }: MemoryAndDisk, sequence: number): boolean {
  return delivery.hasBefore(sequence) || queue.hasBefore(sequence) || (spool?.hasBefore(sequence) ?? false);
}

/** The undelivered spans of batches that are older than `sequence`. @internal */
export function spansBefore({ delivery, queue, spool }: MemoryAndDisk, sequence: number): number {
  let spans = queue.spansBefore(sequence) + (spool?.spansBefore(sequence) ?? 0);
  for (const batch of delivery.inFlight) if (batch.sequence < sequence) spans += batch.spans;
  return spans;
}
