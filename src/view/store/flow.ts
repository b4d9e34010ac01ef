// Aggregates who sends to and consumes from each destination.
import { Histogram } from './histogram.ts';
import { TimeSlots } from './time-slots.ts';

/** A destination: a topic, a stream, a queue, or an exchange with its queues. */
export interface Card {
  readonly id: number;
  readonly system: string;
  readonly name: string;
  /** Messages created for it, and those of them that were consumed at least once, among the stored spans. */
  created: number;
  consumed: number;
  /** Created messages whose spans were evicted before a consumer was recorded. */
  evicted: number;
  doubled: number;
  baggageBytesMax: number;
  readonly slots: TimeSlots;
}

/** A service that sends to a destination. */
export interface Sender {
  readonly card: Card;
  readonly service: number;
  /** Its spans, and those of them with a sampling threshold. */
  spans: number;
  sampled: number;
  messages: number;
  weight: number;
  errors: number;
  readonly slots: TimeSlots;
}

/** A consumer of a destination: a service, its group, and the queue if the destination is an exchange. */
export interface Hop {
  readonly id: number;
  readonly card: Card;
  readonly queue: string;
  readonly service: number;
  readonly group: string;
  /** Whether it counts `receive` instead of `process` operations. */
  readonly receiving: boolean;
  messages: number;
  weight: number;
  attempts: number;
  errors: number;
  batches: number;
  noContext: number;
  /** Messages whose creation was not received: those of the two young counts may still arrive. */
  pending: number;
  pendingYoung: number;
  pendingYounger: number;
  unsampledProducer: number;
  skewed: number;
  /** Longest time by which a consumer started before the creation, in milliseconds. */
  skewMax: number;
  /** Its spans, and those of them with a sampling threshold. */
  spans: number;
  sampled: number;
  readonly waits: Histogram;
  readonly ages: Histogram;
  readonly work: Histogram;
  readonly slots: TimeSlots;
  /** Number of messages that were created for another destination, as dead letters are, by the id of its card. */
  readonly reroutedFrom: Map<number, number>;
}

export interface FlowLimits {
  cards: number;
  hops: number;
}

/** The figures of the map, updated with each span. */
export class Flow {
  readonly cards: Card[] = [];
  readonly senders: Sender[] = [];
  readonly hops: Hop[] = [];
  /** Destinations and consumers beyond the limits, each time they were received. */
  refused = 0;
  readonly #limits: FlowLimits;
  readonly #cards = new Map<string, Card>();
  readonly #senders = new Map<number, Sender>();
  readonly #hops = new Map<string, Hop>();

  constructor(limits: FlowLimits) {
    this.#limits = limits;
    this.#addCard('', '(other destinations)');
  }

  card(system: string, name: string): Card {
    const known = this.#cards.get(`${system}\n${name}`);
    if (known !== undefined) return known;
    if (this.cards.length > this.#limits.cards) {
      this.refused++;
      return this.cards[0]!;
    }
    return this.#addCard(system, name);
  }

  sender(card: Card, service: number): Sender {
    const key = card.id * 0x10000 + service;
    let sender = this.#senders.get(key);
    if (sender !== undefined) return sender;
    if (this.senders.length > this.#limits.hops) {
      this.refused++;
      return this.senders[0]!;
    }
    sender = { card, service, spans: 0, sampled: 0, messages: 0, weight: 0, errors: 0, slots: new TimeSlots() };
    this.#senders.set(key, sender);
    this.senders.push(sender);
    return sender;
  }

  hop(card: Card, queue: string, service: number, group: string, receiving: boolean): Hop {
    const key = `${card.id}\n${service}\n${receiving ? 'r' : ''}\n${group}\n${queue}`;
    const known = this.#hops.get(key);
    if (known !== undefined) return known;
    if (this.hops.length > this.#limits.hops) {
      this.refused++;
      return this.hops[0]!;
    }
    const hop: Hop = {
      id: this.hops.length,
      card,
      queue,
      service,
      group,
      receiving,
      messages: 0,
      weight: 0,
      attempts: 0,
      errors: 0,
      batches: 0,
      noContext: 0,
      pending: 0,
      pendingYoung: 0,
      pendingYounger: 0,
      unsampledProducer: 0,
      skewed: 0,
      skewMax: 0,
      spans: 0,
      sampled: 0,
      waits: new Histogram(),
      ages: new Histogram(),
      work: new Histogram(),
      slots: new TimeSlots(),
      reroutedFrom: new Map(),
    };
    this.#hops.set(key, hop);
    this.hops.push(hop);
    return hop;
  }

  #addCard(system: string, name: string): Card {
    const card: Card = {
      id: this.cards.length,
      system,
      name,
      created: 0,
      consumed: 0,
      evicted: 0,
      doubled: 0,
      baggageBytesMax: 0,
      slots: new TimeSlots(),
    };
    this.#cards.set(`${system}\n${name}`, card);
    this.cards.push(card);
    return card;
  }
}
