// Chooses which wait of a message is shown first, and by which wait consumers are sorted.
import type { ConsumerRow, Distribution } from './types.ts';

/** The wait that is shown first: since the creation if that is known, else by the broker's timestamp. */
export function shownWait(row: ConsumerRow): Distribution | undefined {
  return row.basis === 'age' ? row.age : row.wait;
}

/** The row, or that of its numbered queues with the longest wait if this differs from the others. */
export function slowestOf(row: ConsumerRow): ConsumerRow {
  let slowest = row;
  for (const shard of shardsThatDiffer(row)) if (p95Of(shard) > p95Of(slowest)) slowest = shard;
  return slowest;
}

/** Those of a row's numbered queues that differ from the others. */
export function shardsThatDiffer({ shards, standsOut }: ConsumerRow): ConsumerRow[] {
  return shards.filter(({ id }) => standsOut.includes(id));
}

/** Sorts consumers by their longest wait. */
export function byWait(a: ConsumerRow, b: ConsumerRow): number {
  return p95Of(slowestOf(b)) - p95Of(slowestOf(a));
}

function p95Of(row: ConsumerRow): number {
  return shownWait(row)?.p95 ?? -1;
}
