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

/** Queues of one exchange that may belong together: their names differ in one number, and they have the same consumers. */
interface Family {
  pattern: string;
  /** The number of queues with such a name. */
  queues: number;
  /** The consumers of those that belong to no larger family. */
  hops: Hop[];
}

/**
 * Finds the consumers of queues of one exchange whose names differ in one number, and which have the same consumers. A queue that
 * another service or group reads, too, is not grouped with the others.
 */
export function shardsOf(hops: readonly Hop[]): Shards[] {
  const numbered = hops.filter(({ queue }) => /\d/.test(queue));
  const families = new Map<string, Family>();
  const queues = groupBy(numbered, ({ card, queue }) => `${card.id}\n${queue}`).map((readers) => {
    const { card, queue } = readers[0]!;
    const consumers = readers.map(consumerOf).toSorted();
    const candidates = patternsOf(queue).map((pattern) => {
      const key = JSON.stringify([card.id, pattern, consumers]);
      const family = families.get(key) ?? { pattern, queues: 0, hops: [] };
      families.set(key, family);
      family.queues++;
      return family;
    });
    return { readers, candidates };
  });
  // A name with several numbers belongs to the largest family: that of the number which differs.
  for (const { readers, candidates } of queues) {
    const sizes = candidates.map((family) => family.queues);
    candidates[sizes.lastIndexOf(Math.max(...sizes))]?.hops.push(...readers);
  }
  return [...families.values()].flatMap(({ pattern, hops: members }) =>
    groupBy(members, consumerOf)
      .filter((shards) => shards.length >= fewest)
      .map((shards) => ({ pattern, hops: shards })),
  );
}

function groupBy(hops: readonly Hop[], keyOf: (hop: Hop) => string): Hop[][] {
  const groups = new Map<string, Hop[]>();
  for (const hop of hops) {
    const key = keyOf(hop);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [hop]);
    else known.push(hop);
  }
  return [...groups.values()];
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
