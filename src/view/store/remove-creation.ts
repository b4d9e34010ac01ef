// Removes from the figures of the map a span that was counted as the creation of a message.
import type { Card, Flow } from './flow.ts';
import type { Place } from './neighbours.ts';

/** Removes the counts of a span. `sampled`: the span has a sampling threshold. */
export function removeCreation(flow: Flow, { segment, row }: Place, card: Card, sampled: boolean): void {
  const start = segment.start[row]!;
  const count = segment.created[row]!;
  const weight = count * segment.weight[row]!;
  card.created -= count;
  card.consumed -= segment.consumed[row]!;
  card.slots.add(start, -weight);
  segment.created[row] = 0;
  segment.consumed[row] = 0;
  const sender = flow.sender(card, segment.service[row]!);
  sender.spans--;
  if (sampled) sender.sampled--;
  sender.messages -= count;
  sender.weight -= weight;
  sender.slots.add(start, -weight);
  if (segment.status[row] === 2) sender.errors -= count;
}
