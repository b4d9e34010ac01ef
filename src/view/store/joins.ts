// Joins the creation of a message with its consumption.
import { Kind, noFlags, Operation, type SpanRecord } from '../otlp/span-record.ts';
import { countCreation, removeCreation } from './count-creation.ts';
import type { Card, Hop } from './flow.ts';
import { LinkState, type Segment } from './segment.ts';
import {
  consumes,
  earlierOf,
  findPlace,
  isDoubled,
  isRepeated,
  isWithinConsumption,
  type Place,
  repeatedBy,
} from './neighbours.ts';
import type { SpanStore } from './store.ts';

/** After one to two of these periods, a creation that was not received counts as not seen. */
const generationMs = 10_000;

/** Joins consumptions with creations by ids, in any order of arrival, and updates the figures of the map. */
export class Joins {
  readonly #store: SpanStore;
  #generation = 1;
  #generationSince: number = Date.now();

  constructor(store: SpanStore) {
    this.#store = store;
  }

  /** Handles a span that was added to the newest segment. */
  added(record: SpanRecord, segment: Segment, row: number, card: Card | undefined, queue: string): void {
    this.#age();
    const { operation } = record;
    if (operation === Operation.create || operation === Operation.send) {
      if (card !== undefined) this.#created(record, segment, row, card);
    } else if (operation === Operation.process || operation === Operation.receive) {
      this.#consumed(record, segment, row, card, queue);
    }
    this.#resolveWaiting(record, segment, row);
  }

  evicted(segment: Segment): void {
    for (let row = 0; row < segment.rows; row++) {
      const created = segment.created[row]!;
      if (created === 0) continue;
      const card = this.#store.flow.cards[segment.card[row]!];
      if (card === undefined) continue;
      card.created -= created;
      card.consumed -= segment.consumed[row]!;
      card.evicted += created - segment.consumed[row]!;
    }
  }

  settle(): void {
    this.#rotate();
    this.#rotate();
  }

  #created(record: SpanRecord, segment: Segment, row: number, card: Card): void {
    // The send span of several messages that links to their create spans does not create a message.
    const creates = record.kind === Kind.producer || record.links.count === 0;
    const outer = repeatedBy(this.#store, record, segment, row);
    // Both spans are in one trace, and are therefore sampled equally.
    if (outer !== undefined) removeCreation(this.#store.flow, outer, card, record.sampled);
    if (isRepeated(this.#store, record, segment, row)) return;
    if (!creates) {
      if (record.status === 2) this.#store.flow.sender(card, segment.service[row]!).errors++;
      return;
    }
    segment.created[row] =
      record.kind !== Kind.producer && record.batchCount > 0 ? Math.min(0xffff, record.batchCount) : 1;
    countCreation(this.#store.flow, { segment, row }, card, record, 1);
    card.baggageBytesMax = Math.max(card.baggageBytesMax, record.baggageBytes);
    if (record.kind === Kind.producer && isDoubled(this.#store, record, segment, row)) card.doubled++;
  }

  #consumed(record: SpanRecord, segment: Segment, row: number, card: Card | undefined, queue: string): void {
    const { flow } = this.#store;
    const receiving = record.operation === Operation.receive;
    const links = segment.linksFrom[row + 1]! - segment.linksFrom[row]!;
    const byParent = links === 0 && this.#mayContinueParent(record);
    const messages = Math.max(links, record.batchCount, receiving ? 0 : 1);
    if (messages === 0 || (receiving && links === 0 && record.batchCount < 1)) return;
    const parent = links === 0 ? findPlace(this.#store, record.parentHigh, record.parentLow) : undefined;
    if (isWithinConsumption(parent, segment, row)) return;
    const known = card ?? this.#cardOfTargets(segment, row);
    const hop = flow.hop(known ?? flow.card('', '(unknown)'), queue, segment.service[row]!, record.group, receiving);
    if (links > 1 && record.linksPart === 0) hop.batches++;
    if (Number.isFinite(record.age)) hop.ages.add(record.age, record.weight);
    hop.spans++;
    if (record.sampled) hop.sampled++;
    hop.card.baggageBytesMax = Math.max(hop.card.baggageBytesMax, record.baggageBytes);
    hop.work.add(record.end - record.start, record.weight);
    if (byParent) {
      const entry = segment.addLink(row, record.parentHigh, record.parentLow);
      if (parent === undefined || isMessage(parent)) this.#consume(record, segment, row, entry, hop, noFlags, true);
      else {
        hop.noContext++;
        this.#count(record, hop, 1);
      }
      return;
    }
    const from = segment.linksFrom[row]!;
    let counted = 0;
    for (let at = 0; at < links; at++) {
      if (this.#consume(record, segment, row, from + at, hop, record.links.flags[at]!)) counted++;
    }
    // If the creation is known, the skew is already known from both starts.
    if (record.clockSkew < 0 && (links === 0 || segment.linkStates[from] !== LinkState.resolved))
      this.#skewed(hop, -record.clockSkew);
    // If several spans share the links of a batch, the first contains the number of messages; the others only add links.
    const without = record.linksPart > 0 ? -links : Math.max(messages - Math.max(links, counted), links === 0 ? 1 : 0);
    if (without === 0) return;
    hop.noContext += without;
    if (without > 0) this.#count(record, hop, without);
  }

  /** Some instrumentations continue the trace only by the parent; a parent that is known to be local is not a message. */
  #mayContinueParent(record: SpanRecord): boolean {
    if (record.parentHigh === 0 && record.parentLow === 0) return false;
    const knownLocal = record.flags !== noFlags && (record.flags & 0x100) !== 0 && (record.flags & 0x200) === 0;
    return !knownLocal && record.batchCount < 1;
  }

  #cardOfTargets(segment: Segment, row: number): Card | undefined {
    const entry = segment.linksFrom[row]!;
    if (entry === segment.linksFrom[row + 1]) return undefined;
    const target = findPlace(this.#store, segment.linkTargets[entry * 2]!, segment.linkTargets[entry * 2 + 1]!);
    return target === undefined ? undefined : this.#store.flow.cards[target.segment.card[target.row]!];
  }

  #count(record: SpanRecord, hop: Hop, messages: number): void {
    hop.messages += messages;
    hop.weight += messages * record.weight;
    hop.slots.add(record.start, messages * record.weight);
    if (record.status === 2) hop.errors += messages;
  }

  /** Counts one link of a consumption; false if the link is not to a message. */
  #consume(
    record: SpanRecord,
    segment: Segment,
    row: number,
    entry: number,
    hop: Hop,
    flags: number,
    byParent = false,
  ): boolean {
    const high = segment.linkTargets[entry * 2]!;
    const low = segment.linkTargets[entry * 2 + 1]!;
    const target = findPlace(this.#store, high, low);
    if (target !== undefined && consumes(target.segment.operation[target.row]!)) return false;
    segment.linkHops[entry] = hop.id;
    const shared = target !== undefined && target.segment.created[target.row]! > 1;
    const earlier = shared ? LinkState.plain : earlierOf(this.#store, segment, row, entry, hop);
    if (earlier === LinkState.duplicate) {
      segment.linkStates[entry] = LinkState.duplicate;
      return true;
    }
    if (earlier === LinkState.attempt) {
      segment.linkStates[entry] = LinkState.attempt;
      hop.attempts++;
      if (record.status === 2) hop.errors++;
      return true;
    }
    this.#count(record, hop, 1);
    if (flags !== noFlags && (flags & 1) === 0) hop.unsampledProducer++;
    if (target !== undefined) {
      this.#resolve(target, segment, row, entry, hop);
    } else if (flags === noFlags || (flags & 1) !== 0) {
      segment.linkStates[entry] = byParent ? LinkState.pendingParent : LinkState.pending;
      segment.linkGenerations[entry] = this.#generation;
      segment.pendingLinks++;
      hop.pendingYounger++;
    }
    return true;
  }

  #resolve(target: Place, segment: Segment, row: number, entry: number, hop: Hop): void {
    segment.linkStates[entry] = LinkState.resolved;
    const { segment: source, row: sourceRow } = target;
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
    // A pull may begin before the message exists; the message is received at its end.
    const pulled = segment.operation[row] === Operation.receive;
    const reached = segment.start[row]! + (pulled ? segment.duration[row]! : 0);
    const wait = reached - source.start[sourceRow]!;
    if (wait < 0) {
      this.#skewed(hop, -wait);
      return;
    }
    segment.linkWaits[entry] = wait;
    const weight = segment.weight[row]!;
    hop.waits.add(wait, weight);
    hop.slots.addWait(segment.start[row]!, weight, wait);
  }

  #skewed(hop: Hop, by: number): void {
    hop.skewed++;
    hop.skewMax = Math.max(hop.skewMax, by);
  }

  /** Resolves consumptions that arrived before this creation. */
  #resolveWaiting(record: SpanRecord, source: Segment, sourceRow: number): void {
    const { idHigh: high, idLow: low } = record;
    let seen = 0;
    for (const segment of this.#store.segments) {
      if (segment.pendingLinks === 0) continue;
      for (
        let entry = segment.byTarget.head(high, low);
        entry >= 0 && seen < 100_000;
        entry = segment.byTarget.next(entry)
      ) {
        if (!segment.isTarget(entry, high, low) || !isPending(segment.linkStates[entry]!)) continue;
        seen++;
        this.#arrived({ segment: source, row: sourceRow }, segment, entry);
      }
    }
  }

  #arrived(source: Place, segment: Segment, entry: number): void {
    const hop = this.#store.flow.hops[segment.linkHops[entry]!]!;
    const row = segment.linkRows[entry]!;
    segment.pendingLinks--;
    const age = this.#generation - segment.linkGenerations[entry]!;
    if (age === 0) hop.pendingYounger--;
    else if (age === 1) hop.pendingYoung--;
    else hop.pending--;
    const byParent = segment.linkStates[entry] === LinkState.pendingParent;
    if (byParent ? isMessage(source) : !consumes(source.segment.operation[source.row]!)) {
      this.#resolve(source, segment, row, entry, hop);
      return;
    }
    // The link is to the enclosing span, such as a batch, and not to a message.
    segment.linkStates[entry] = LinkState.plain;
    const links = segment.linksFrom[row + 1]! - segment.linksFrom[row]!;
    if (byParent || links === 1) {
      hop.noContext++;
      return;
    }
    const weight = segment.weight[row]!;
    hop.messages--;
    hop.weight -= weight;
    if (segment.status[row] === 2) hop.errors--;
    hop.slots.add(segment.start[row]!, -weight);
  }

  #age(): void {
    // The clock is read once per 256 spans.
    if ((this.#store.received & 0xff) !== 0) return;
    this.tick();
  }

  /** Lets waiting consumptions time out; called regularly, even if nothing is received. */
  tick(): void {
    const now = Date.now();
    if (now - this.#generationSince < generationMs) return;
    this.#generationSince = now;
    this.#rotate();
  }

  #rotate(): void {
    this.#generation++;
    for (const hop of this.#store.flow.hops) {
      hop.pending += hop.pendingYoung;
      hop.pendingYoung = hop.pendingYounger;
      hop.pendingYounger = 0;
    }
  }
}

function isPending(state: number): boolean {
  return state === LinkState.pending || state === LinkState.pendingParent;
}

/** Whether the span created a message: only such a parent counts as a creation context. */
function isMessage({ segment, row }: Place): boolean {
  return segment.created[row]! > 0;
}
