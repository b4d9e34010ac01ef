// Groups the numbered queues of an exchange that are consumed alike, such as orders.0 to orders.31.
import type { Hop } from '../store/flow.ts';

/** With fewer queues, a row for each is easier to read. */
const fewest = 3;

/** The numbered queues of one exchange that one consumer reads. */
export interface Shards {
  /** Their common name, with `*` in place of the number. */
  pattern: string;
  hops: readonly Hop[];
}

/**
 * Finds the consumers of queues of one exchange whose names differ in one number, and which have the same consumers. A queue that
 * another service or group reads, too, is not grouped with the others.
 */
export function shardsOf(hops: readonly Hop[]): Shards[] {
  const queues = new Map<string, { queue: string; hops: Hop[] }>();
  for (const hop of hops) {
    if (hop.queue === '' || !/\d/.test(hop.queue)) continue;
    const key = `${hop.card.id}\n${hop.queue}`;
    const known = queues.get(key);
    if (known === undefined) queues.set(key, { queue: hop.queue, hops: [hop] });
    else known.hops.push(hop);
  }
  const families = new Map<string, { pattern: string; hops: Hop[][] }>();
  const familiesOf = [...queues.values()].map((each) => {
    const consumers = each.hops.map(consumerOf).toSorted();
    const patterns = patternsOf(each.queue).map((pattern) => ({
      pattern,
      key: JSON.stringify([each.hops[0]!.card.id, pattern, consumers]),
    }));
    for (const { key, pattern } of patterns) {
      const family = families.get(key) ?? { pattern, hops: [] };
      families.set(key, family);
      family.hops.push(each.hops);
    }
    return { hops: each.hops, keys: patterns.map(({ key }) => key) };
  });
  // A name with several numbers belongs to the largest family: that of the number which differs.
  const chosen = new Map<string, Hop[]>();
  for (const { hops: of, keys } of familiesOf) {
    let best: string | undefined;
    for (const key of keys)
      if (best === undefined || families.get(key)!.hops.length >= families.get(best)!.hops.length) best = key;
    if (best !== undefined) chosen.set(best, [...(chosen.get(best) ?? []), ...of]);
  }
  return [...chosen].flatMap(([key, members]) => byConsumer(families.get(key)!.pattern, members));
}

function byConsumer(pattern: string, members: readonly Hop[]): Shards[] {
  const consumers = new Map<string, Hop[]>();
  for (const hop of members) {
    const key = consumerOf(hop);
    consumers.set(key, [...(consumers.get(key) ?? []), hop]);
  }
  return [...consumers.values()].filter((hops) => hops.length >= fewest).map((hops) => ({ pattern, hops }));
}

function consumerOf({ service, group, receiving }: Hop): string {
  return `${service}\n${receiving ? 'r' : ''}\n${group}`;
}

/**
 * The name with each of its numbers replaced by `*`. Versions (`v2`) and numbers with a unit (`30s`) are no numbers of shards: such
 * queues differ in what they contain.
 */
export function patternsOf(queue: string): string[] {
  return [...queue.matchAll(/\d+/g)]
    .filter(({ 0: number, index }) => {
      const before = queue.slice(0, index);
      const after = queue.slice(index + number.length);
      return !/^\p{L}/u.test(after) && !/(?:^|[^\p{L}])v$/iu.test(before);
    })
    .map(({ 0: number, index }) => `${queue.slice(0, index)}*${queue.slice(index + number.length)}`);
}
