// The data of the page's map.
import { shownWait } from '../queries/shown-wait.ts';
import type { ConsumerRow, DestinationCard, MapAnswer } from '../queries/types.ts';
import type { LayoutEdge, LayoutNode } from './layout.ts';

/** A wait of the ranked list: one consumer of one destination. */
export interface Wait {
  card: DestinationCard;
  row: ConsumerRow;
}

export interface FlowEdge extends LayoutEdge {
  kind: 'send' | 'consume' | 'reroute';
  rate: number;
  /** The consumer's row on its card, for edges that leave it. */
  row: number;
  failing: boolean;
}

export interface Graph {
  services: string[];
  cards: DestinationCard[];
  edges: FlowEdge[];
  /** By card: senders and consumers that this view leaves out, so that nothing is taken for unconsumed. */
  hidden: Map<number, { senders: number; consumers: number }>;
  total: number;
}

export const serviceId = (name: string): string => `s:${name}`;
export const cardId = (id: number): string => `d:${id}`;

/** All services and destinations; or, around one wait, its neighbourhood: two hops before it and one behind. */
export function graphOf({ destinations }: MapAnswer, around?: Wait): Graph {
  const edges: FlowEdge[] = [];
  const services = new Set<string>();
  const numbers = new Set(destinations.map(({ id }) => id));
  for (const card of destinations) {
    for (const { service, rate, errors } of card.senders) {
      services.add(service);
      edges.push({ from: serviceId(service), to: cardId(card.id), kind: 'send', rate, row: -1, failing: errors > 0 });
    }
    for (const [at, { service, rate, errors }] of card.consumers.entries()) {
      services.add(service);
      edges.push({
        from: cardId(card.id),
        to: serviceId(service),
        kind: 'consume',
        rate,
        row: at,
        failing: errors > 0,
      });
    }
    for (const { id } of card.reroutedFrom) {
      if (!numbers.has(id)) continue;
      edges.push({ from: cardId(id), to: cardId(card.id), kind: 'reroute', rate: 0, row: -1, failing: false });
    }
  }
  const total = services.size + destinations.length;
  const whole = { services: [...services], cards: destinations, edges, hidden: new Map(), total };
  return around === undefined ? whole : neighbourhood(whole, around);
}

function neighbourhood(graph: Graph, { card, row }: Wait): Graph {
  const kept = new Set<string>([cardId(card.id), serviceId(row.service)]);
  const expand = (from: Set<string>, key: 'from' | 'to'): Set<string> => {
    const other = key === 'from' ? 'to' : 'from';
    return new Set(graph.edges.filter((edge) => from.has(edge[other])).map((edge) => edge[key]));
  };
  const before = expand(new Set([cardId(card.id)]), 'from');
  const beforeThat = expand(before, 'from');
  const behind = expand(new Set([serviceId(row.service)]), 'to');
  for (const set of [before, beforeThat, behind]) for (const id of [...set].slice(0, 8)) kept.add(id);
  const edges = graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to));
  const cards = graph.cards.filter(({ id }) => kept.has(cardId(id)));
  const hidden = new Map<number, { senders: number; consumers: number }>();
  for (const each of cards) {
    hidden.set(each.id, {
      senders: each.senders.filter(({ service }) => !kept.has(serviceId(service))).length,
      consumers: each.consumers.filter(({ service }) => !kept.has(serviceId(service))).length,
    });
  }
  return {
    services: graph.services.filter((name) => kept.has(serviceId(name))),
    cards,
    edges,
    hidden,
    total: graph.total,
  };
}

/** All waits, longest first. */
export function rankedWaits({ destinations }: MapAnswer): Wait[] {
  return destinations
    .flatMap((card) => card.consumers.map((row) => ({ card, row })))
    .toSorted((a, b) => (shownWait(b.row)?.p95 ?? -1) - (shownWait(a.row)?.p95 ?? -1));
}

export const cardWidth = 292;
const cardHead = 46;
const rowHeight = 50;
const noteHeight = 24;
const serviceHeight = 32;

/** The rows of a card that this view shows. */
export function shownRows(graph: Graph, card: DestinationCard): ConsumerRow[] {
  if (!graph.hidden.has(card.id)) return card.consumers;
  const shown = new Set(graph.services);
  return card.consumers.filter(({ service }) => shown.has(service));
}

/** Boxes in the sizes in which the page draws them. */
export function boxes(graph: Graph): LayoutNode[] {
  const services = graph.services.map((name) => ({
    id: serviceId(name),
    width: Math.min(200, Math.max(64, 28 + name.length * 7.6)),
    height: serviceHeight,
  }));
  const cards = graph.cards.map((card) => {
    const rows = shownRows(graph, card).length;
    const hidden = graph.hidden.get(card.id);
    const note =
      rows === 0 || (hidden !== undefined && hidden.consumers > 0) || card.reroutedFrom.length > 0 ? noteHeight : 0;
    return { id: cardId(card.id), width: cardWidth, height: cardHead + rows * rowHeight + note + 8 };
  });
  return [...services, ...cards];
}

/** The middle of a row of a card, from the card's top. */
export function rowMiddle(row: number): number {
  return cardHead + row * rowHeight + rowHeight / 2;
}

export const headMiddle = 23;
