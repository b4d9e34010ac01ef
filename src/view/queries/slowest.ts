// Finds the messages with the longest waits.
import { LinkState, type Segment } from '../store/segment.ts';
import type { SpanStore } from '../store/store.ts';
import { findRow, linkersOf, type Row } from './rows.ts';

/** A message and its longest wait. */
export interface Waited {
  message: Row;
  wait: number;
}

/** The messages that waited longest; only the columns of links are read. */
export function slowest(
  store: SpanStore,
  { destination, consumer }: { destination?: string | undefined; consumer?: string | undefined },
  limit: number,
): Waited[] {
  // By the id of a consumer: whether its messages are wanted.
  const wanted = store.flow.hops.map(
    (hop) =>
      (destination === undefined || hop.card.name === destination) &&
      (consumer === undefined || store.services.text(hop.service) === consumer),
  );
  let best: { segment: Segment; entry: number; wait: number }[] = [];
  // More than requested, because a message with several consumers is contained several times.
  const kept = limit * 4;
  let least = -1e-9;
  const cut = (): void => {
    best.sort((a, b) => b.wait - a.wait);
    best = best.slice(0, kept);
    if (best.length === kept) least = best.at(-1)!.wait;
  };
  for (const segment of store.segments) {
    for (let entry = 0; entry < segment.linkCount; entry++) {
      const wait = segment.linkWaits[entry]!;
      if (wait <= least || segment.linkStates[entry] !== LinkState.resolved || !wanted[segment.linkHops[entry]!])
        continue;
      best.push({ segment, entry, wait });
      if (best.length > kept * 2) cut();
    }
  }
  cut();
  const found: Waited[] = [];
  for (const { segment, entry, wait } of best) {
    const message = findRow(store, segment.linkTargets[entry * 2]!, segment.linkTargets[entry * 2 + 1]!);
    if (message !== undefined) found.push({ message, wait });
  }
  return found;
}

/** The longest wait of a message; 0 if none is known. */
export function longestWait(store: SpanStore, message: Row): number {
  return linkersOf(store, message).reduce(
    (longest, { state, wait }) => (state === LinkState.resolved ? Math.max(longest, wait) : longest),
    0,
  );
}
