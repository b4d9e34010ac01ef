// Lists the consumers of a destination.
import type { Hop } from '../store/flow.ts';
import type { SpanStore } from '../store/store.ts';

/** The consumers that have consumed at least one message. A consumer of pulls is listed only if no processing is recorded. */
export function consumersOf({ flow }: SpanStore): Hop[] {
  const place = ({ card, service }: Hop): string => `${card.id} ${service}`;
  const processed = new Set(flow.hops.filter((hop) => !hop.receiving && hop.messages > 0).map(place));
  return flow.hops.filter((hop) => hop.messages > 0 && !(hop.receiving && processed.has(place(hop))));
}
