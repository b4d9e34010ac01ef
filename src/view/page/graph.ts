// The data of the page's map.
import { group } from '../queries/durations.ts';
import { byWait } from '../queries/shown-wait.ts';
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
  /** The id of the consumer's row on its card, for edges that leave it. */
  row: number | undefined;
  failing: boolean;
}

export interface Graph {
  services: string[];
  cards: DestinationCard[];
  edges: FlowEdge[];
  /** By card: the senders and consumers that this view omits, so that no destination seems unconsumed. */
  hidden: Map<number, { senders: number; consumers: number }>;
  total: number;
}

export const serviceId = (name: string): string => `s:${name}`;
export const cardId = (id: number): string => `d:${id}`;

/** All services and destinations; or, around one wait, its neighbourhood: its destination with all that send to it or consume from it, and the hop before and behind. */
export function graphOf({ destinations }: MapAnswer, around?: Wait): Graph {
  const edges: FlowEdge[] = [];
  const services = new Set<string>();
  const numbers = new Set(destinations.map(({ id }) => id));
  for (const card of destinations) {
    for (const { service, rate, errors } of card.senders) {
      services.add(service);
      edges.push({
        from: serviceId(service),
        to: cardId(card.id),
        kind: 'send',
        rate,
        row: undefined,
        failing: errors > 0,
      });
    }
    for (const { id, service, rate, errors } of card.consumers) {
      services.add(service);
      edges.push({
        from: cardId(card.id),
        to: serviceId(service),
        kind: 'consume',
        rate,
        row: id,
        failing: errors > 0,
      });
    }
    for (const { id } of card.reroutedFrom) {
      if (!numbers.has(id)) continue;
      edges.push({ from: cardId(id), to: cardId(card.id), kind: 'reroute', rate: 0, row: undefined, failing: false });
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
  const consumers = expand(new Set([cardId(card.id)]), 'to');
  const behind = expand(new Set([serviceId(row.service)]), 'to');
  for (const set of [consumers, before, beforeThat, behind]) for (const id of [...set].slice(0, 8)) kept.add(id);
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
    .toSorted((a, b) => byWait(a.row, b.row));
}

export const cardWidth = 312;
const cardHead = 46;
const rowHeight = 50;
const noteHeight = 24;
const serviceHeight = 32;

/** The rows of a card that this view shows, in an order that does not depend on figures. */
export function shownRows(graph: Graph, card: DestinationCard): ConsumerRow[] {
  const shown = new Set(graph.services);
  return card.consumers.filter(({ service }) => shown.has(service)).toSorted((a, b) => a.id - b.id);
}

/** The text below the rows of a card. */
export function noteOf(graph: Graph, card: DestinationCard): { text: string; warns: boolean } | undefined {
  const { consumers: hidden = 0 } = graph.hidden.get(card.id) ?? {};
  if (card.consumers.length === 0) return { text: '⚠ no consumer has been seen', warns: true };
  const texts = hidden > 0 ? [`${hidden} more ${hidden === 1 ? 'consumer' : 'consumers'}, not shown`] : [];
  if (card.reroutedFrom.length > 0) {
    const messages = card.reroutedFrom.reduce((sum, each) => sum + each.messages, 0);
    texts.push(`↪ ${group(messages)} from ${card.reroutedFrom.map(({ name }) => name).join(', ')}`);
  }
  return texts.length === 0 ? undefined : { text: texts.join('; '), warns: false };
}

/** Nodes in the sizes in which the page draws them. */
export function nodesOf(graph: Graph): LayoutNode[] {
  const services = graph.services.map((name) => ({
    id: serviceId(name),
    isCard: false,
    width: Math.min(220, Math.max(64, 30 + name.length * 9)),
    height: serviceHeight,
    port: serviceHeight / 2,
  }));
  const cards = graph.cards.map((card) => {
    const rows = shownRows(graph, card).length;
    const note = noteOf(graph, card) === undefined ? 0 : noteHeight;
    const height = cardHead + rows * rowHeight + note + 8;
    return {
      id: cardId(card.id),
      isCard: true,
      width: cardWidth,
      height,
      port: rows === 0 ? height / 2 : rowMiddle((rows - 1) / 2),
    };
  });
  return [...services, ...cards];
}

/** The middle of a row of a card, from the card's top. */
export function rowMiddle(row: number): number {
  return cardHead + row * rowHeight + rowHeight / 2;
}
