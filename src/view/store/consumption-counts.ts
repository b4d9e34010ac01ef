// Counts consumptions in the figures of the map, and takes them out again when a later span shows that they were counted wrongly.
import type { Role } from './deliveries.ts';
import type { Hop } from './flow.ts';
import type { Place } from './neighbours.ts';
import { Operation } from '../otlp/span-record.ts';
import { LinkFlag, type LinkRef, LinkState, type Segment } from './segment.ts';
import type { SpanStore } from './store.ts';

/** What a link counts as: {@link Role}, or a message without a creation context. */
export type Counted = Role | 'noContext';

const roles: Readonly<Record<LinkState, Counted | undefined>> = {
  [LinkState.plain]: undefined,
  [LinkState.resolved]: 'first',
  [LinkState.pending]: 'first',
  [LinkState.unsampled]: 'first',
  [LinkState.attempt]: 'attempt',
  [LinkState.duplicate]: 'duplicate',
  [LinkState.doubled]: 'doubled',
  [LinkState.noContext]: 'noContext',
};

/** Keeps the figures of consumers equal to the states of the links. */
export class ConsumptionCounts {
  readonly #store: SpanStore;
  #generation = 1;

  constructor(store: SpanStore) {
    this.#store = store;
  }

  /** Ends a period in which creations may arrive. */
  rotate(): void {
    this.#generation++;
    for (const hop of this.#store.flow.hops) {
      hop.pending += hop.pendingYoung;
      hop.pendingYoung = hop.pendingYounger;
      hop.pendingYounger = 0;
    }
  }

  /** Adds messages that a span consumed; a negative number removes them. */
  add(hop: Hop, segment: Segment, row: number, messages: number): void {
    const weight = messages * segment.weight[row]!;
    hop.messages += messages;
    hop.weight += weight;
    hop.slots.add(segment.start[row]!, weight);
    if (segment.status[row] === 2) hop.errors += messages;
  }

  /** Counts a link in this way, instead of how it was counted before. */
  set(ref: LinkRef, hop: Hop, role: Counted, target?: Place): void {
    const { segment, entry } = ref;
    if (roles[segment.linkStates[entry] as LinkState] === role) {
      if (target !== undefined) this.resolve(ref, hop, target);
      return;
    }
    this.clear(ref, hop);
    segment.linkHops[entry] = hop.id;
    const row = segment.linkRows[entry]!;
    if (role === 'first') {
      this.#first(ref, hop);
      if (target !== undefined) this.resolve(ref, hop, target);
      return;
    }
    segment.linkStates[entry] = LinkState[role];
    if (role === 'noContext') {
      const messages = messagesOf(segment, row);
      hop.noContext += messages;
      this.add(hop, segment, row, messages);
    } else if (role === 'doubled') hop.card.doubled++;
    else if (role === 'attempt') {
      hop.attempts++;
      if (segment.status[row] === 2) hop.errors++;
    }
  }

  /** Takes a link out of the figures. */
  clear({ segment, entry }: LinkRef, hop: Hop): void {
    const state = segment.linkStates[entry] as LinkState;
    const row = segment.linkRows[entry]!;
    const role = roles[state];
    if (state === LinkState.resolved) this.#removeWait({ segment, entry }, hop);
    if (state === LinkState.pending) this.#arrived({ segment, entry }, hop);
    segment.linkStates[entry] = LinkState.plain;
    if (role === 'first') {
      this.add(hop, segment, row, -1);
      if ((segment.linkFlags[entry]! & LinkFlag.unsampled) !== 0) hop.unsampledProducer--;
    } else if (role === 'noContext') {
      const messages = messagesOf(segment, row);
      hop.noContext -= messages;
      this.add(hop, segment, row, -messages);
    } else if (role === 'doubled') hop.card.doubled--;
    else if (role === 'attempt') {
      hop.attempts--;
      if (segment.status[row] === 2) hop.errors--;
    }
  }

  /** Takes the span of a link out of the figures that do not depend on its messages. */
  removeSpan({ segment, entry }: LinkRef, hop: Hop): void {
    const row = segment.linkRows[entry]!;
    const weight = segment.weight[row]!;
    hop.spans--;
    if ((segment.linkFlags[entry]! & LinkFlag.threshold) !== 0) hop.sampled--;
    if ((segment.linkFlags[entry]! & LinkFlag.skewed) !== 0) hop.skewed--;
    hop.ages.remove(segment.age[row]!, weight);
    hop.work.remove(segment.duration[row]!, weight);
  }

  /** Sets the creation of a message that was counted without it. */
  resolve({ segment, entry }: LinkRef, hop: Hop, { segment: source, row: sourceRow }: Place): void {
    const state = segment.linkStates[entry];
    if (state === LinkState.pending) this.#arrived({ segment, entry }, hop);
    else if (state !== LinkState.unsampled) return;
    segment.linkStates[entry] = LinkState.resolved;
    const card = this.#store.flow.cards[source.card[sourceRow]!];
    if (source.consumed[sourceRow]! < source.created[sourceRow]!) {
      source.consumed[sourceRow]!++;
      if (card !== undefined) card.consumed++;
    }
    if (card !== undefined && card !== hop.card) {
      const { reroutedFrom } = hop;
      if (reroutedFrom.size < 32 || reroutedFrom.has(card.id))
        reroutedFrom.set(card.id, (reroutedFrom.get(card.id) ?? 0) + 1);
    }
    const row = segment.linkRows[entry]!;
    // A pull may begin before the message exists; the message is received at its end.
    const pulled = segment.operation[row] === Operation.receive;
    const reached = segment.start[row]! + (pulled ? segment.duration[row]! : 0);
    // As exact as it is stored, so that the same wait can be removed.
    const wait = (segment.linkWaits[entry] = Math.fround(reached - source.start[sourceRow]!));
    // The skew that the span reports is now known from both starts.
    if ((segment.linkFlags[entry]! & LinkFlag.skewed) !== 0) hop.skewed--;
    if (wait < 0) {
      hop.skewed++;
      hop.skewMax = Math.max(hop.skewMax, -wait);
      return;
    }
    const weight = segment.weight[row]!;
    hop.waits.add(wait, weight);
    hop.slots.addWait(segment.start[row]!, weight, wait);
  }

  #first({ segment, entry }: LinkRef, hop: Hop): void {
    this.add(hop, segment, segment.linkRows[entry]!, 1);
    if ((segment.linkFlags[entry]! & LinkFlag.unsampled) !== 0) {
      hop.unsampledProducer++;
      segment.linkStates[entry] = LinkState.unsampled;
      return;
    }
    segment.linkStates[entry] = LinkState.pending;
    segment.linkGenerations[entry] = this.#generation;
    hop.pendingYounger++;
  }

  /** The link is not pending any more. */
  #arrived({ segment, entry }: LinkRef, hop: Hop): void {
    const age = this.#generation - segment.linkGenerations[entry]!;
    if (age === 0) hop.pendingYounger--;
    else if (age === 1) hop.pendingYoung--;
    else hop.pending--;
  }

  /** Takes out what {@link resolve} added. That the message was consumed stays true: another span of the consumer counts it now. */
  #removeWait({ segment, entry }: LinkRef, hop: Hop): void {
    const row = segment.linkRows[entry]!;
    const weight = segment.weight[row]!;
    const wait = segment.linkWaits[entry]!;
    if (wait < 0) hop.skewed--;
    else {
      hop.waits.remove(wait, weight);
      hop.slots.addWait(segment.start[row]!, -weight, wait);
    }
    if ((segment.linkFlags[entry]! & LinkFlag.skewed) !== 0) hop.skewed++;
    segment.linkWaits[entry] = 0;
    const source = this.#store.find(segment.linkTargets[entry * 2]!, segment.linkTargets[entry * 2 + 1]!);
    const from = this.#store.cardOf(source);
    const count = hop.reroutedFrom.get(from) ?? 0;
    if (count > 1) hop.reroutedFrom.set(from, count - 1);
    else hop.reroutedFrom.delete(from);
  }
}

/** The number of messages of a span without links. */
function messagesOf(segment: Segment, row: number): number {
  return Math.max(1, segment.batchCount[row]!);
}
