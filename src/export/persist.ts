// Writes all spans in memory to disk when the process ends or may end.
import type { Accounting } from './accounting.ts';
import type { Batch } from './batch.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { Delivery } from './delivery.ts';
import type { LostAtEnd } from './process-end.ts';
import type { SpoolQueue } from './spool/spool-queue.ts';

/** The components that hold the spans of one destination. @internal */
export interface MemoryAndDisk {
  readonly accounting: Accounting;
  readonly queue: BatchQueue;
  readonly delivery: Delivery;
  readonly spool: SpoolQueue | undefined;
}

/**
 * Writes everything in memory to disk synchronously, and drops what cannot be written; nothing is sent afterwards. Returns the
 * number of lost spans.
 *
 * @internal
 */
export function persistOrDrop(
  { queue, delivery, spool }: MemoryAndDisk,
  reason: 'shutdown_deadline' | 'process_exit',
): LostAtEnd {
  const lost = { noSpool: 0, spoolFull: 0, spoolFailed: 0 };
  queue.close(true);
  const keep = (batch: Batch | undefined, from: 'queued' | 'inFlight'): boolean => {
    if (batch === undefined || spool?.storeSync(batch, from, true) === true) return true;
    lost[obstacle(spool)] += batch.spans;
    delivery.drop(batch, from, spool?.full === true ? 'spool_full' : reason);
    return false;
  };
  for (const batch of delivery.stop()) keep(batch, 'inFlight');
  if (!keep(spool?.takeWriting(), 'queued')) spool?.discardWriting();
  while (queue.length > 0) keep(queue.shift(), 'queued');
  return lost;
}

function obstacle(spool: SpoolQueue | undefined): keyof LostAtEnd {
  if (spool === undefined) return 'noSpool';
  return spool.full ? 'spoolFull' : 'spoolFailed';
}

/**
 * Writes everything in memory to disk synchronously, and continues to send it. Returns the number of spans that are still only in
 * memory.
 *
 * @internal
 */
export function persistAll({ accounting, queue, delivery, spool }: MemoryAndDisk): LostAtEnd {
  const lost = { noSpool: 0, spoolFull: 0, spoolFailed: 0 };
  if (spool === undefined) {
    lost.noSpool = accounting.left;
    return lost;
  }
  queue.close(true);
  let onWire = 0;
  for (const batch of delivery.inFlight) {
    spool.copySync(batch);
    if (batch.file === undefined) onWire += batch.spans;
  }
  const writing = spool.takeWriting();
  if (writing !== undefined) queue.putBack(writing);
  const rest: Batch[] = [];
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    if (!spool.storeSync(batch, 'queued', true)) rest.push(batch);
  }
  for (const batch of rest) queue.putBack(batch);
  lost[obstacle(spool)] = accounting.queued + onWire + (accounting.source?.held ?? 0);
  return lost;
}
