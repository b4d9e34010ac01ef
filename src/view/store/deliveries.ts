// Decides which of the spans that consumed one message counts it, whatever the order in which they arrived.
import type { Flow, Hop } from './flow.ts';
import { type LinkRef, LinkState, type Segment } from './segment.ts';

/** Maximum number of links to one message that are compared, so that very many links do not become slower and slower. */
export const maxDeliveries = 64;

/** What a span that consumed a message counts as. */
export type Role = 'first' | 'attempt' | 'duplicate' | 'doubled';

/** The links by which spans consumed this message, except one, newest first; at most {@link maxDeliveries}. */
export function deliveriesOf(
  segments: readonly Segment[],
  { segment, entry }: LinkRef,
  high: number,
  low: number,
): LinkRef[] {
  const found: LinkRef[] = [];
  let seen = 0;
  for (let at = segments.length - 1; at >= 0; at--) {
    const other = segments[at]!;
    for (
      let each = other.byTarget.head(high, low);
      each >= 0 && seen < maxDeliveries;
      each = other.byTarget.next(each)
    ) {
      seen++;
      if (!other.isTarget(each, high, low) || (other === segment && each === entry)) continue;
      const state = other.linkStates[each]!;
      if (state !== LinkState.plain && state !== LinkState.noContext) found.push({ segment: other, entry: each });
    }
  }
  return found;
}

interface Delivery {
  ref: LinkRef;
  row: number;
  hop: Hop;
  scope: number;
}

/**
 * The role of each link to one message. For each consuming service and destination:
 *
 * - of several instrumentations, the one whose span started first counts; the spans of the others are `doubled`;
 * - spans of a consumer within each other are one delivery, which the earliest counts; the others are `duplicate`;
 * - the earliest delivery of a consumer is `first`, and later ones are each an `attempt`.
 */
export function rolesOf(flow: Flow, links: readonly LinkRef[]): [LinkRef, Role][] {
  const deliveries = links.map((ref) => deliveryOf(flow, ref)).toSorted(byStart);
  const scopes = new Map<string, number>();
  const earlier = new Map<number, Delivery[]>();
  return deliveries.map((delivery): [LinkRef, Role] => {
    const { ref, hop, scope } = delivery;
    const consumer = `${hop.card.id} ${hop.service} ${hop.receiving}`;
    const counting = scopes.get(consumer) ?? scope;
    scopes.set(consumer, counting);
    if (scope !== counting) return [ref, 'doubled'];
    const before = earlier.get(hop.id) ?? [];
    earlier.set(hop.id, before);
    const nested = before.find((each) => isNested(each, delivery));
    before.push(delivery);
    if (nested === undefined) return [ref, before.length === 1 ? 'first' : 'attempt'];
    return [ref, 'duplicate'];
  });
}

function deliveryOf(flow: Flow, ref: LinkRef): Delivery {
  const { segment, entry } = ref;
  const row = segment.linkRows[entry]!;
  return { ref, row, hop: flow.hops[segment.linkHops[entry]!]!, scope: segment.scope[row]! };
}

/** By start, and by id if both started at once. */
function byStart(a: Delivery, b: Delivery): number {
  const [one, other] = [a.ref.segment, b.ref.segment];
  return (
    one.start[a.row]! - other.start[b.row]! ||
    one.ids[a.row * 2]! - other.ids[b.row * 2]! ||
    one.ids[a.row * 2 + 1]! - other.ids[b.row * 2 + 1]! ||
    a.ref.entry - b.ref.entry
  );
}

function isNested(a: Delivery, b: Delivery): boolean {
  const [one, other] = [a.ref.segment, b.ref.segment];
  if (one === other && a.row === b.row) return true;
  return (
    one.isParent(a.row, other.ids[b.row * 2]!, other.ids[b.row * 2 + 1]!) ||
    other.isParent(b.row, one.ids[a.row * 2]!, one.ids[a.row * 2 + 1]!)
  );
}
