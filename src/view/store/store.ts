// Stores spans within bounds of count and memory.
import { decodeTraces, type SpanSink } from '../otlp/decode-traces.ts';
import { Kind, noFlags, Operation, type SpanRecord } from '../otlp/span-record.ts';
import { cardOf } from './card-of.ts';
import { Flow } from './flow.ts';
import { Joins } from './joins.ts';
import { hashText } from './hash-text.ts';
import { MetricsStore } from './metrics-store.ts';
import { type RowFacts, Segment, segmentRows } from './segment.ts';
import { StringTable } from './string-table.ts';

/** Bounds of a store. */
export interface StoreLimits {
  /** Spans that are kept; the oldest go first. Default: 1,000,000. */
  spans: number;
  /** About how many bytes of memory. Default: 512 MiB. */
  bytes: number;
  /** Services, span names, and destinations, beyond which there is an `other`. */
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

/** Spans in memory, bounded: as columns, as encoded bytes, and as the figures of the map. A span has a number that never changes. */
export class SpanStore implements SpanSink {
  readonly limits: StoreLimits;
  readonly segments: Segment[] = [];
  /** Number of the first segment that is kept. */
  firstSegment = 0;
  readonly services: StringTable;
  readonly scopes: StringTable = new StringTable(1000);
  readonly names: StringTable;
  readonly flow: Flow;
  readonly metrics: MetricsStore = new MetricsStore();
  readonly resources: Buffer[] = [Buffer.alloc(0)];
  readonly #resourceNumbers = new Map<string, number>();
  readonly #joins: Joins;
  /** Spans that came in, and that were forgotten. */
  received = 0;
  evicted = 0;
  /** Changes with everything that comes in, for those who want to know whether there is anything new. */
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
   * Takes the spans of an `ExportTraceServiceRequest`.
   *
   * @throws RangeError where the bytes are no such message; spans before that place are kept.
   */
  addTraces(request: Buffer): void {
    this.version++;
    decodeTraces(request, this);
  }

  /** Takes the points of an `ExportMetricsServiceRequest`. */
  addMetrics(request: Buffer): void {
    this.version++;
    this.metrics.add(request);
  }

  /** Nothing more is to come, as at the end of a file: what has not been seen by now will not be. */
  settle(): void {
    this.version++;
    this.#joins.settle();
  }

  /** Lets time pass for what is waited for, also while nothing comes in. */
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
      // 0 is the card of what found no room; without a destination there is none.
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
    let bytes = 0;
    for (const segment of this.segments) bytes += segment.bytes;
    return bytes;
  }

  /** The segment of a span's number; undefined where it has been forgotten. */
  segmentOf(span: number): Segment | undefined {
    return this.segments[Math.floor(span / segmentRows) - this.firstSegment];
  }

  numberOf(segmentAt: number, row: number): number {
    return (this.firstSegment + segmentAt) * segmentRows + row;
  }

  /** The number of the span with this id; -1 for none. The newest, where several have it. */
  find(high: number, low: number): number {
    for (let at = this.segments.length - 1; at >= 0; at--) {
      const row = this.segments[at]!.findRow(high, low);
      if (row >= 0) return this.numberOf(at, row);
    }
    return -1;
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

/** Bits of the flags: it is known where the parent is, and it is in another process. */
const remoteParent = 0x300;

/** What a span says only by its kind. */
function normalise(record: SpanRecord): void {
  if (record.operation === Operation.none && record.system !== '') {
    if (record.kind === Kind.producer) record.operation = Operation.send;
    else if (record.kind === Kind.consumer) record.operation = Operation.process;
  }
  // A receive within the trace of its message is its handler: a pull has no parent from elsewhere. Python's pika says so.
  if (
    record.operation === Operation.receive &&
    record.kind === Kind.consumer &&
    record.links.count === 0 &&
    record.flags !== noFlags &&
    (record.flags & remoteParent) === remoteParent
  )
    record.operation = Operation.process;
  // Pollers that say CONSUMER of a receive exist in older instrumentations; what is pulled is received all the same.
  if (record.operation === Operation.receive && record.kind === Kind.consumer && record.destination === '')
    record.operation = Operation.none;
}
