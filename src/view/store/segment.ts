// Stores a group of spans, which are evicted together, as columns.
import type { LinkColumns, SpanRecord } from '../otlp/span-record.ts';
import { ChainIndex } from './chain-index.ts';
import { RawBlocks } from './raw-blocks.ts';

/** Number of spans in a segment; a full store evicts a whole segment. */
export const segmentRows: number = 2 ** 16;
const maxLinks = 2 ** 18;

/** The state of a link. */
export const LinkState = {
  /** Not a link to a consumed message. */
  plain: 0,
  /** A message was consumed; its creation is known. */
  resolved: 1,
  /** A message was consumed; its creation was not received. */
  pending: 2,
  /** The message was redelivered to the same consumer. */
  attempt: 3,
  /** Another span of the same consumption counts the message. */
  duplicate: 4,
  /** Like `duplicate`, of another instrumentation. */
  doubled: 5,
  /** A message was consumed, whose producer was not sampled. */
  unsampled: 6,
  /** A message without a creation context was consumed: the link is to the parent, which is not a message. */
  noContext: 7,
} as const;
export type LinkState = (typeof LinkState)[keyof typeof LinkState];

/** Bits of what is known of a link to a consumed message. */
export const LinkFlag = {
  /** The context says that the producer was not sampled. */
  unsampled: 1,
  /** The span that consumed has a sampling threshold. */
  threshold: 2,
  /** The creation is the parent instead of a link. */
  parent: 4,
  /** The span reports that the clocks differ. */
  skewed: 8,
} as const;

/** The position of a link in the store. */
export interface LinkRef {
  segment: Segment;
  entry: number;
}

/** Values that the store computes before it adds a span. */
export interface RowFacts {
  service: number;
  scope: number;
  resource: number;
  name: number;
  card: number;
  messageIdHash: number;
  messageKeyHash: number;
}

/** Spans as columns, with indexes by id, by parent and by link target. */
export class Segment {
  rows = 0;
  linkCount = 0;
  readonly traceIds: Uint32Array = new Uint32Array(segmentRows * 4);
  readonly ids: Uint32Array = new Uint32Array(segmentRows * 2);
  readonly parents: Uint32Array = new Uint32Array(segmentRows * 2);
  readonly start: Float64Array = new Float64Array(segmentRows);
  readonly duration: Float64Array = new Float64Array(segmentRows);
  readonly age: Float32Array = new Float32Array(segmentRows);
  readonly weight: Float32Array = new Float32Array(segmentRows);
  readonly service: Uint16Array = new Uint16Array(segmentRows);
  readonly scope: Uint16Array = new Uint16Array(segmentRows);
  readonly resource: Uint16Array = new Uint16Array(segmentRows);
  readonly name: Uint32Array = new Uint32Array(segmentRows);
  readonly card: Uint16Array = new Uint16Array(segmentRows);
  readonly kind: Uint8Array = new Uint8Array(segmentRows);
  readonly operation: Uint8Array = new Uint8Array(segmentRows);
  readonly status: Uint8Array = new Uint8Array(segmentRows);
  readonly attempt: Uint8Array = new Uint8Array(segmentRows);
  /** Messages that the span created, and those of them that were consumed at least once. */
  readonly created: Uint16Array = new Uint16Array(segmentRows);
  readonly consumed: Uint16Array = new Uint16Array(segmentRows);
  readonly messageId: Uint32Array = new Uint32Array(segmentRows);
  readonly messageKey: Uint32Array = new Uint32Array(segmentRows);
  readonly batchCount: Int32Array = new Int32Array(segmentRows);
  readonly rawPlace: Float64Array = new Float64Array(segmentRows);
  readonly rawLength: Uint32Array = new Uint32Array(segmentRows);
  readonly linksFrom: Uint32Array = new Uint32Array(segmentRows + 1);
  linkTargets: Uint32Array = new Uint32Array(segmentRows * 2);
  linkRows: Uint32Array = new Uint32Array(segmentRows);
  linkStates: Uint8Array = new Uint8Array(segmentRows);
  /** Bits of {@link LinkFlag}. */
  linkFlags: Uint8Array = new Uint8Array(segmentRows);
  linkHops: Uint16Array = new Uint16Array(segmentRows);
  linkGenerations: Uint32Array = new Uint32Array(segmentRows);
  /** Wait from the start of the creation until the message was received, in milliseconds; 0 if unknown, negative if the clocks differ. */
  linkWaits: Float32Array = new Float32Array(segmentRows);
  readonly byId: ChainIndex = new ChainIndex(16, segmentRows);
  readonly byParent: ChainIndex = new ChainIndex(16, segmentRows);
  readonly byTarget: ChainIndex = new ChainIndex(16, segmentRows);
  readonly raw: RawBlocks = new RawBlocks();

  get full(): boolean {
    return this.rows === segmentRows || this.linkCount >= maxLinks || this.raw.bytes > 128 * 2 ** 20;
  }

  /** Approximate memory of the segment, in bytes. */
  get bytes(): number {
    return segmentRows * 104 + this.linkRows.length * 24 + this.byTarget.bytes + 2 * this.byId.bytes + this.raw.bytes;
  }

  add(record: SpanRecord, facts: RowFacts, request: Buffer): number {
    const row = this.rows++;
    this.traceIds.set(record.traceId, row * 4);
    this.ids[row * 2] = record.idHigh;
    this.ids[row * 2 + 1] = record.idLow;
    this.parents[row * 2] = record.parentHigh;
    this.parents[row * 2 + 1] = record.parentLow;
    this.start[row] = record.start;
    this.duration[row] = record.end - record.start;
    this.age[row] = record.age;
    this.weight[row] = record.weight;
    this.service[row] = facts.service;
    this.scope[row] = facts.scope;
    this.resource[row] = facts.resource;
    this.name[row] = facts.name;
    this.card[row] = facts.card;
    this.kind[row] = record.kind;
    this.operation[row] = record.operation;
    this.status[row] = record.status;
    this.attempt[row] = Math.min(255, record.attempt);
    this.batchCount[row] = record.batchCount;
    this.messageId[row] = facts.messageIdHash;
    this.messageKey[row] = facts.messageKeyHash;
    this.rawLength[row] = record.to - record.from;
    this.rawPlace[row] = this.raw.add(request, record.from, record.to, record.attributes);
    this.byId.add(record.idHigh, record.idLow, row);
    if (record.parentHigh !== 0 || record.parentLow !== 0) this.byParent.add(record.parentHigh, record.parentLow, row);
    this.linksFrom[row] = this.linkCount;
    this.#addLinks(record.links, row);
    this.linksFrom[row + 1] = this.linkCount;
    return row;
  }

  /** Adds a link to the parent, for a span that continues the trace of its message without a link. */
  addLink(row: number, high: number, low: number): number {
    this.#makeRoom(1);
    const entry = this.linkCount++;
    this.linkTargets[entry * 2] = high;
    this.linkTargets[entry * 2 + 1] = low;
    this.linkRows[entry] = row;
    this.byTarget.add(high, low, entry);
    this.linksFrom[row + 1] = this.linkCount;
    return entry;
  }

  /** The encoded span of a row. */
  encoded(row: number): Buffer {
    return this.raw.read(this.rawPlace[row]!, this.rawLength[row]!);
  }

  /** The row whose encoded span is at this place of {@link raw}. */
  rowAt(place: number): number {
    let [from, to] = [0, this.rows];
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if (this.rawPlace[middle]! <= place) from = middle;
      else to = middle;
    }
    return from;
  }

  findRow(high: number, low: number): number {
    const { ids, byId } = this;
    for (let row = byId.head(high, low); row >= 0; row = byId.next(row)) {
      if (ids[row * 2] === high && ids[row * 2 + 1] === low) return row;
    }
    return -1;
  }

  isTarget(entry: number, high: number, low: number): boolean {
    return this.linkTargets[entry * 2] === high && this.linkTargets[entry * 2 + 1] === low;
  }

  isParent(row: number, high: number, low: number): boolean {
    return this.parents[row * 2] === high && this.parents[row * 2 + 1] === low;
  }

  #addLinks(links: LinkColumns, row: number): void {
    this.#makeRoom(links.count);
    for (let at = 0; at < links.count; at++) {
      const entry = this.linkCount++;
      const high = links.spanIds[at * 2]!;
      const low = links.spanIds[at * 2 + 1]!;
      this.linkTargets[entry * 2] = high;
      this.linkTargets[entry * 2 + 1] = low;
      this.linkRows[entry] = row;
      this.byTarget.add(high, low, entry);
    }
  }

  #makeRoom(links: number): void {
    let room = this.linkRows.length;
    if (this.linkCount + links <= room) return;
    while (room < this.linkCount + links) room *= 2;
    const grow = <T extends Uint8Array | Uint16Array | Uint32Array | Float32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.linkTargets = grow(this.linkTargets, new Uint32Array(room * 2));
    this.linkRows = grow(this.linkRows, new Uint32Array(room));
    this.linkStates = grow(this.linkStates, new Uint8Array(room));
    this.linkFlags = grow(this.linkFlags, new Uint8Array(room));
    this.linkHops = grow(this.linkHops, new Uint16Array(room));
    this.linkGenerations = grow(this.linkGenerations, new Uint32Array(room));
    this.linkWaits = grow(this.linkWaits, new Float32Array(room));
  }
}
