// Joins the creation of a message with its consumption.
import { Kind, noFlags, Operation, type SpanRecord } from '../otlp/span-record.ts';
import { countCreation, removeCreation } from './count-creation.ts';
import type { Card, Hop } from './flow.ts';
import { ConsumptionCounts } from './consumption-counts.ts';
import { deliveriesOf, maxDeliveries, rolesOf } from './deliveries.ts';
import { EvictedConsumptions } from './evicted-consumptions.ts';
import { LinkFlag, type LinkRef, LinkState, type Segment } from './segment.ts';
import {
  consumes,
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
  readonly #counts: ConsumptionCounts;
  readonly #evicted = new EvictedConsumptions();
  #generationSince: number = Date.now();

  constructor(store: SpanStore) {
    this.#store = store;
    this.#counts = new ConsumptionCounts(store);
  }

  get bytes(): number {
    return this.#evicted.bytes;
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
    this.#targetArrived(record, segment, row);
  }

  evicted(segment: Segment): void {
    for (let row = 0; row < segment.rows; row++) {
      const operation = segment.operation[row]!;
      if (operation === Operation.process || operation === Operation.receive)
        this.#evicted.add(segment.ids[row * 2]!, segment.ids[row * 2 + 1]!, segment.card[row]!, segment.service[row]!);
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
    this.#counts.rotate();
    this.#counts.rotate();
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
    const messages = Math.max(links, record.batchCount, receiving ? 0 : 1);
    if (messages === 0 || (receiving && links === 0 && record.batchCount < 1)) return;
    const parent = links === 0 ? findPlace(this.#store, record.parentHigh, record.parentLow) : undefined;
    if (card !== undefined) card.baggageBytesMax = Math.max(card.baggageBytesMax, record.baggageBytes);
    if (links === 0 && this.#isWithinConsumption(record, parent, segment, row)) return;
    const known = card ?? this.#cardOfTargets(segment, row);
    const hop = flow.hop(known ?? flow.card('', '(unknown)'), queue, segment.service[row]!, record.group, receiving);
    if (links > 1 && record.linksPart === 0) hop.batches++;
    // As exact as they are stored, so that the same values can be removed.
    const weight = segment.weight[row]!;
    if (Number.isFinite(record.age)) hop.ages.add(segment.age[row]!, weight);
    hop.spans++;
    if (record.sampled) hop.sampled++;
    hop.card.baggageBytesMax = Math.max(hop.card.baggageBytesMax, record.baggageBytes);
    hop.work.add(segment.duration[row]!, weight);
    const sampledFlag = record.sampled ? LinkFlag.threshold : 0;
    if (links === 0 && hasParent(record)) {
      const entry = segment.addLink(row, record.parentHigh, record.parentLow);
      segment.linkFlags[entry] = sampledFlag | LinkFlag.parent;
      if (this.#mayContinueParent(record) && (parent === undefined || isMessage(parent)))
        this.#consume({ segment, entry }, hop, parent);
      else this.#counts.set({ segment, entry }, hop, 'noContext');
      this.#skewReported(record, hop, segment, entry);
      return;
    }
    const from = segment.linksFrom[row]!;
    // Python's exporter writes no trace flags: then the span itself is not marked as sampled, either.
    const isUnsampled = (flags: number): boolean => flags !== noFlags && (flags & 1) === 0 && (record.flags & 1) === 1;
    for (let at = 0; at < links; at++) {
      const entry = from + at;
      segment.linkFlags[entry] = sampledFlag | (isUnsampled(record.links.flags[at]!) ? LinkFlag.unsampled : 0);
      const target = findPlace(this.#store, segment.linkTargets[entry * 2]!, segment.linkTargets[entry * 2 + 1]!);
      if (target === undefined || !consumes(target.segment.operation[target.row]!))
        this.#consume({ segment, entry }, hop, target);
    }
    this.#skewReported(record, hop, segment, links === 0 ? -1 : from);
    // If several spans share the links of a batch, the first contains the number of messages; the others only add links.
    const without = record.linksPart > 0 ? -links : Math.max(messages - links, links === 0 ? 1 : 0);
    if (without === 0) return;
    hop.noContext += without;
    if (without > 0) this.#counts.add(hop, segment, row, without);
  }

  /** Counts the skew that a span reports, unless it is known from both starts. `entry`: its first link; -1 if there is none. */
  #skewReported({ clockSkew }: SpanRecord, hop: Hop, segment: Segment, entry: number): void {
    if (!(clockSkew < 0)) return;
    hop.skewMax = Math.max(hop.skewMax, -clockSkew);
    if (entry >= 0) segment.linkFlags[entry]! |= LinkFlag.skewed;
    if (entry < 0 || segment.linkStates[entry] !== LinkState.resolved) hop.skewed++;
  }

  /** Whether a span without links is processed within the receive of its message, as in Go's kotel: the receive is counted. */
  #isWithinConsumption(record: SpanRecord, parent: Place | undefined, segment: Segment, row: number): boolean {
    if (parent !== undefined) return isWithinConsumption(parent, segment, row);
    return (
      hasParent(record) &&
      this.#evicted.has(record.parentHigh, record.parentLow, segment.card[row]!, segment.service[row]!)
    );
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

  /** Counts one link of a consumption to a message. */
  #consume(ref: LinkRef, hop: Hop, target: Place | undefined): void {
    const { segment, entry } = ref;
    segment.linkHops[entry] = hop.id;
    const isShared = target !== undefined && target.segment.created[target.row]! > 1;
    const high = segment.linkTargets[entry * 2]!;
    const low = segment.linkTargets[entry * 2 + 1]!;
    const others = isShared ? [] : deliveriesOf(this.#store.segments, ref, high, low);
    if (others.length === 0) this.#counts.set(ref, hop, 'first', target);
    else if (others.length >= maxDeliveries - 1)
      this.#counts.set(ref, hop, others.some((other) => hopIdOf(other) === hop.id) ? 'attempt' : 'first', target);
    else
      for (const [each, role] of rolesOf(this.#store.flow, [ref, ...others]))
        this.#counts.set(each, this.#store.flow.hops[hopIdOf(each)]!, role, target);
  }

  /** Corrects what was counted before this span, the target of links or the parent of consumptions, arrived. */
  #targetArrived(record: SpanRecord, source: Segment, sourceRow: number): void {
    const { idHigh: high, idLow: low } = record;
    const place = { segment: source, row: sourceRow };
    let seen = 0;
    for (const segment of this.#store.segments) {
      for (
        let entry = segment.byTarget.head(high, low);
        entry >= 0 && seen < 100_000;
        entry = segment.byTarget.next(entry)
      ) {
        if (!segment.isTarget(entry, high, low) || segment.linkStates[entry] === LinkState.plain) continue;
        seen++;
        this.#arrived(place, segment, entry);
      }
    }
  }

  #arrived(source: Place, segment: Segment, entry: number): void {
    const ref = { segment, entry };
    const hop = this.#store.flow.hops[segment.linkHops[entry]!]!;
    const row = segment.linkRows[entry]!;
    const operation = source.segment.operation[source.row]!;
    if ((segment.linkFlags[entry]! & LinkFlag.parent) !== 0) {
      if (isWithinConsumption(source, segment, row)) {
        this.#counts.clear(ref, hop);
        this.#counts.removeSpan(ref, hop);
        return;
      }
      if (!isMessage(source)) {
        this.#counts.set(ref, hop, 'noContext');
        return;
      }
      if (segment.linkStates[entry] === LinkState.noContext) return;
    } else if (consumes(operation)) {
      // The link is to the enclosing span, such as a batch, and not to a message.
      this.#counts.clear(ref, hop);
      return;
    }
    if (source.segment.created[source.row]! > 1) this.#counts.set(ref, hop, 'first', source);
    else this.#counts.resolve(ref, hop, source);
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
    this.#counts.rotate();
  }
}

function hasParent({ parentHigh, parentLow }: SpanRecord): boolean {
  return parentHigh !== 0 || parentLow !== 0;
}

function hopIdOf({ segment, entry }: LinkRef): number {
  return segment.linkHops[entry]!;
}

/** Whether the span created a message: only such a parent counts as a creation context. */
function isMessage({ segment, row }: Place): boolean {
  return segment.created[row]! > 0;
}
