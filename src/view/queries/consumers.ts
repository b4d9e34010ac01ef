// Lists the consumers of a destination.
import type { Hop } from '../store/flow.ts';
import { Histogram } from '../store/histogram.ts';
import type { SpanStore } from '../store/store.ts';
import { TimeSlots } from '../store/time-slots.ts';
import { shardsOf, type Shards } from './shards.ts';

/** First id of consumers of several queues, above the ids of all hops. */
const firstNumber = 500_000;

/** A consumer that the map shows as one row. */
export interface Consumer {
  /** Its figures; the sums if it reads several numbered queues. */
  hop: Hop;
  /** The hops of its numbered queues; empty if it is a single hop. */
  shards: readonly Hop[];
}

/**
 * The consumers that have consumed at least one message. A consumer of pulls is listed only if no processing is recorded. A consumer
 * of numbered queues of an exchange is listed once.
 */
export function consumersOf({ flow }: SpanStore): Consumer[] {
  const place = ({ card, service }: Hop): string => `${card.id} ${service}`;
  const processed = new Set(flow.hops.filter((hop) => !hop.receiving && hop.messages > 0).map(place));
  const hops = flow.hops.filter((hop) => hop.messages > 0 && !(hop.receiving && processed.has(place(hop))));
  const groups = new Map<Hop, Shards>();
  for (const shards of shardsOf(hops)) for (const hop of shards.hops) groups.set(hop, shards);
  const consumers: Consumer[] = [];
  for (const hop of hops) {
    const group = groups.get(hop);
    if (group === undefined) consumers.push({ hop, shards: [] });
    else if (group.hops[0] === hop) consumers.push({ hop: sumOf(group), shards: group.hops });
  }
  return consumers;
}

/** The hops of numbered queues as one. */
function sumOf({ pattern, hops }: Shards): Hop {
  const [first] = hops as [Hop, ...Hop[]];
  const sum = (of: (hop: Hop) => number): number => hops.reduce((total, hop) => total + of(hop), 0);
  const merged = (of: (hop: Hop) => Histogram): Histogram => {
    const histogram = new Histogram();
    for (const hop of hops) histogram.merge(of(hop));
    return histogram;
  };
  const slots = new TimeSlots();
  const reroutedFrom = new Map<number, number>();
  for (const hop of hops) {
    slots.merge(hop.slots);
    for (const [card, messages] of hop.reroutedFrom) reroutedFrom.set(card, (reroutedFrom.get(card) ?? 0) + messages);
  }
  return {
    id: firstNumber + first.id,
    card: first.card,
    queue: pattern,
    service: first.service,
    group: first.group,
    receiving: first.receiving,
    messages: sum(({ messages }) => messages),
    weight: sum(({ weight }) => weight),
    attempts: sum(({ attempts }) => attempts),
    errors: sum(({ errors }) => errors),
    batches: sum(({ batches }) => batches),
    noContext: sum(({ noContext }) => noContext),
    pending: sum(({ pending }) => pending),
    pendingYoung: sum(({ pendingYoung }) => pendingYoung),
    pendingYounger: sum(({ pendingYounger }) => pendingYounger),
    unsampledProducer: sum(({ unsampledProducer }) => unsampledProducer),
    skewed: sum(({ skewed }) => skewed),
    skewMax: Math.max(...hops.map(({ skewMax }) => skewMax)),
    spans: sum(({ spans }) => spans),
    sampled: sum(({ sampled }) => sampled),
    waits: merged(({ waits }) => waits),
    ages: merged(({ ages }) => ages),
    work: merged(({ work }) => work),
    slots,
    reroutedFrom,
  };
}
