// Finds those of several numbered queues that differ from the others.
import { shownWait } from './shown-wait.ts';
import type { ConsumerRow } from './types.ts';

/** Fewer messages or failures of a queue prove nothing. */
const fewestMessages = 20;
const fewestErrors = 5;

/** The ids of the queues whose wait or share of failures is more than twice that of a typical one. */
export function standsOut(shards: readonly ConsumerRow[]): number[] {
  const waits = median(shards.map((row) => shownWait(row)?.p95).filter((p95) => p95 !== undefined));
  const errors = median(shards.map(({ errorShare }) => errorShare));
  return shards
    .filter((row) => {
      const wait = shownWait(row);
      const isSlow = wait !== undefined && wait.count >= fewestMessages && wait.p95 > 2 * waits;
      return isSlow || (row.errors >= fewestErrors && row.errorShare > 2 * errors);
    })
    .map(({ id }) => id);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
