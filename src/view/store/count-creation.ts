// Counts the creation of messages in the figures of the map, and takes it out again.
import type { SpanRecord } from '../otlp/span-record.ts';
import type { Card, Flow } from './flow.ts';
import type { Place } from './neighbours.ts';

/** Adds the messages that a span created to the figures, or removes them if `sign` is -1. */
export function countCreation(
  flow: Flow,
  { segment, row }: Place,
  card: Card,
  { weight, sampled }: Pick<SpanRecord, 'weight' | 'sampled'>,
  sign: 1 | -1,
): void {
  const start = segment.start[row]!;
  const messages = sign * segment.created[row]!;
  card.created += messages;
  card.slots.add(start, messages * weight);
  const sender = flow.sender(card, segment.service[row]!);
  sender.spans += sign;
  if (sampled) sender.sampled += sign;
  sender.messages += messages;
  sender.weight += messages * weight;
  sender.slots.add(start, messages * weight);
  if (segment.status[row] === 2) sender.errors += messages;
}

/** Removes a span that was counted as the creation of a message. `sampled`: the span has a sampling threshold. */
export function removeCreation(flow: Flow, outer: Place, card: Card, sampled: boolean): void {
  const { segment, row } = outer;
  countCreation(flow, outer, card, { weight: segment.weight[row]!, sampled }, -1);
  card.consumed -= segment.consumed[row]!;
  segment.created[row] = 0;
  segment.consumed[row] = 0;
}
