// Stores spans, limited by number and memory.
import { decodeTraces, type SpanSink } from '../otlp/decode-traces.ts';
import { Kind, noFlags, Operation, type SpanRecord } from '../otlp/span-record.ts';
import { cardOf } from './card-of.ts';
import { Flow } from './flow.ts';
import { Joins } from './joins.ts';
import { hashText } from './hash-text.ts';
import { MetricsStore } from './metrics-store.ts';
import { type RowFacts, Segment, segmentRows } from './segment.ts';
import { StringTable } from './string-table.ts';

/** Limits of a store. */
export interface StoreLimits {
  /** Maximum number of spans; the oldest are removed first. Default: 1,000,000. */
  spans: number;
  /** Approximate maximum of memory, in bytes. Default: 512 MiB. */
  bytes: number;
  /** Maximum number of distinct services, span names, destinations and consumers; further ones are counted as `other`. */
  services: number;
  names: number;
  destinations: number;
  consumers: number;
}

export const defaultLimits: StoreLimits = {
  spans: 1_000_000,
  bytes: 512 * 2 ** 20,
  services: 1000,
  names: 50_000,
  destinations: 2000,
  consumers: 4000,
};

const maxResources = 2000;

/** Spans in memory, within limits: as columns, as encoded bytes, and as the figures of the map. The number of a span never changes. */
export class SpanStore implements SpanSink {
  readonly limits: StoreLimits;
  readonly segments: Segment[] = [];
  /** Number of the oldest stored segment. */
  firstSegment = 0;
  readonly services: StringTable;
  readonly scopes: StringTable = new StringTable(1000);
  readonly names: StringTable;
  readonly flow: Flow;
  readonly metrics: MetricsStore = new MetricsStore();
  readonly resources: Buffer[] = [Buffer.alloc(0)];
  readonly #resourceNumbers = new Map<string, number>();
  readonly #joins: Joins;
  /** Spans received so far (`received`) and removed (`evicted`). */
  received = 0;
  evicted = 0;
  /** Increased with each received request, so that readers can detect changes. */
  version = 0;
  #service = 0;
  #scope = 0;
  #resource = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
    this.services = new StringTable(Math.min(60_000, this.limits.services), '(other services)');
    this.names = new StringTable(this.limits.names);
    this.flow = new Flow({ cards: this.limits.destinations, hops: this.limits.consumers });
    this.#joins = new Joins(this);
  }

  /**
   * Adds the spans of an `ExportTraceServiceRequest`.
   *
   * @throws RangeError if the bytes are not such a message; spans before the invalid bytes are kept.
   */
  addTraces(request: Buffer): void {
    this.version++;
    decodeTraces(request, this);
  }

  /** Adds the points of an `ExportMetricsServiceRequest`. */
  addMetrics(request: Buffer): void {
    this.version++;
    this.metrics.add(request);
  }

  /** Ends the wait for late spans, as at the end of a file: a creation that is missing now counts as not seen. */
  settle(): void {
    this.version++;
    this.#joins.settle();
  }

  /** Lets waiting spans time out even if nothing is received. */
  tick(): void {
    this.#joins.tick();
  }

  resource(bytes: Buffer, service: string): void {
    this.#service = this.services.number(service);
    const key = bytes.toString('latin1');
    let number = this.#resourceNumbers.get(key);
    if (number === undefined) {
      number = this.resources.length > maxResources || bytes.length > 16_384 ? 0 : this.resources.length;
      if (number > 0) {
        this.#resourceNumbers.set(key, number);
        this.resources.push(Buffer.from(bytes));
      }
    }
    this.#resource = number;
  }

  scope(name: string): void {
    this.#scope = this.scopes.number(name);
  }

  span(record: SpanRecord, request: Buffer): void {
    this.received++;
    normalise(record);
    let segment = this.segments.at(-1);
    if (segment === undefined || segment.full) {
      segment = new Segment();
      this.segments.push(segment);
      this.#makeRoom();
    }
    const isMessaging = record.operation !== Operation.none;
    const place = isMessaging ? cardOf(record) : undefined;
    const card = place === undefined || place.card === '' ? undefined : this.flow.card(record.system, place.card);
    const facts: RowFacts = {
      service: this.#service,
      scope: this.#scope,
      resource: this.#resource,
      name: this.names.number(record.name),
      // Card 0 is for destinations beyond the limit; without a destination there is no card.
      card: card === undefined ? noCard : card.id,
      messageIdHash: record.messageId === '' ? 0 : hashText(record.messageId),
      messageKeyHash: record.messageKey === '' ? 0 : hashText(record.messageKey),
    };
    const row = segment.add(record, facts, request);
    this.#joins.added(record, segment, row, card, place?.queue ?? '');
  }

  get rows(): number {
    return this.received - this.evicted;
  }

  get bytes(): number {
    let bytes = this.#joins.bytes;
    for (const segment of this.segments) bytes += segment.bytes;
    return bytes;
  }

  /** The segment of a span's number; undefined if it was removed. */
  segmentOf(span: number): Segment | undefined {
    return this.segments[Math.floor(span / segmentRows) - this.firstSegment];
  }

  numberOf(segmentAt: number, row: number): number {
    return (this.firstSegment + segmentAt) * segmentRows + row;
  }

  /** The number of the newest span with this id; -1 if there is none. */
  find(high: number, low: number): number {
    for (let at = this.segments.length - 1; at >= 0; at--) {
      const row = this.segments[at]!.findRow(high, low);
      if (row >= 0) return this.numberOf(at, row);
    }
    return -1;
  }

  /** The number of a span's card; -1 if the span was removed. */
  cardOf(span: number): number {
    return this.segmentOf(span)?.card[span % segmentRows] ?? -1;
  }

  #makeRoom(): void {
    const most = Math.max(2, Math.ceil(this.limits.spans / segmentRows));
    while (
      this.segments.length > 1 &&
      (this.segments.length > most || (this.segments.length > 2 && this.bytes > this.limits.bytes))
    ) {
      const oldest = this.segments.shift()!;
      this.firstSegment++;
      this.evicted += oldest.rows;
      this.#joins.evicted(oldest);
    }
  }
}

/** The card number of spans that have no destination. */
export const noCard = 0xffff;

/** Bits of the flags: it is known whether the parent is remote, and it is. */
const remoteParent = 0x300;

/** Sets the operation of spans that only their kind or parent reveals. */
function normalise(record: SpanRecord): void {
  if (record.operation === Operation.none && record.system !== '') {
    if (record.kind === Kind.producer) record.operation = Operation.send;
    else if (record.kind === Kind.consumer) record.operation = Operation.process;
  }
  // A receive with a remote parent is the handler of a message, as in Python's pika: a pull has no remote parent.
  if (
    record.operation === Operation.receive &&
    record.kind === Kind.consumer &&
    record.links.count === 0 &&
    record.flags !== noFlags &&
    (record.flags & remoteParent) === remoteParent
  )
    record.operation = Operation.process;
  // Older instrumentations record polls as receive spans of kind CONSUMER without a destination: these do not receive a message.
  if (record.operation === Operation.receive && record.kind === Kind.consumer && record.destination === '')
    record.operation = Operation.none;
}
