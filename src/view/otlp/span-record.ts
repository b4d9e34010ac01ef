// Defines the fields of a span that the store needs.
import { AttributeHashes } from './attribute-hash.ts';

/** The type of a span's operation, by the messaging conventions. */
export const Operation = { none: 0, create: 1, send: 2, receive: 3, process: 4, settle: 5 } as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** Span kinds, as numbered in OTLP. */
export const Kind = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** Links of one span, as columns that are reused for the next span. */
export class LinkColumns {
  count = 0;
  traceIds: Uint32Array = new Uint32Array(4 * 16);
  /** Each id as two 32-bit halves. */
  spanIds: Uint32Array = new Uint32Array(2 * 16);
  flags: Uint16Array = new Uint16Array(16);

  /** Adds one link and returns its index. */
  add(): number {
    if (this.count === this.flags.length) {
      this.traceIds = grown(this.traceIds, new Uint32Array(this.traceIds.length * 2));
      this.spanIds = grown(this.spanIds, new Uint32Array(this.spanIds.length * 2));
      this.flags = grown(this.flags, new Uint16Array(this.flags.length * 2));
    }
    const at = this.count++;
    this.flags[at] = noFlags;
    return at;
  }
}

/** Flags of a link without any, as older exporters do not write the field. */
export const noFlags = 0xffff;

/**
 * The fields of one span that the store needs. The decoder reuses one object for all spans, so that only strings are allocated for
 * each.
 */
export class SpanRecord {
  readonly traceId: Uint32Array = new Uint32Array(4);
  idHigh = 0;
  idLow = 0;
  parentHigh = 0;
  parentLow = 0;
  /** Milliseconds since the epoch. */
  start = 0;
  end = 0;
  kind = 0;
  /** 0 unset, 1 ok, 2 error. */
  status = 0;
  /** Trace flags and, in bits 8 and 9, whether the parent is remote, if known; {@link noFlags} if there are none. */
  flags: number = noFlags;
  /** How many spans this one represents, by `ot=th` in its trace state; 1 without a threshold. */
  weight = 1;
  sampled = false;
  name = '';
  operation: Operation = Operation.none;
  system = '';
  destination = '';
  group = '';
  queue = '';
  routingKey = '';
  messageId = '';
  messageKey = '';
  errorType = '';
  /** Number of messages in a batch; -1 if unknown. */
  batchCount = -1;
  /** Age by the broker's or the header's timestamp, in milliseconds; NaN if unknown. */
  age: number = Number.NaN;
  clockSkew: number = Number.NaN;
  attempt = 0;
  redelivered = false;
  linksPart = 0;
  baggageBytes = -1;
  readonly links: LinkColumns = new LinkColumns();
  readonly attributes: AttributeHashes = new AttributeHashes();
  /** Position of the span's bytes in the request. */
  from = 0;
  to = 0;

  reset(): void {
    this.traceId.fill(0);
    this.idHigh = this.idLow = this.parentHigh = this.parentLow = 0;
    this.start = this.end = this.kind = this.status = 0;
    this.flags = noFlags;
    this.weight = 1;
    this.sampled = false;
    this.name = this.system = this.destination = this.group = this.queue = this.routingKey = '';
    this.messageId = this.messageKey = this.errorType = '';
    this.operation = Operation.none;
    this.batchCount = -1;
    this.age = this.clockSkew = Number.NaN;
    this.attempt = this.linksPart = 0;
    this.redelivered = false;
    this.baggageBytes = -1;
    this.links.count = 0;
    this.attributes.reset();
  }
}

function grown<T extends Uint32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
