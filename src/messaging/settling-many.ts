// Writes the spans of a settlement of very many messages later, a part of its links at a time.
import { type Attributes, type Context, type Link, SpanKind } from '@opentelemetry/api';
import { type DeferredWork, defer } from '../common/deferred-work.ts';
import { messageLink } from './batch.ts';
import type { Settled } from './incoming.ts';
import type { Messaging } from './messaging.ts';
import { type Destination, mergeAttributes } from './operation.ts';
import { startOperation } from './start-operation.ts';
import type { OperationClock } from './operation-clock.ts';
import { ATTR_LINKS_PART } from './semconv.ts';
import { linksPerSpan } from './spans.ts';

const comparedPerStep = 1000;

/** A settlement that has ended, without its spans. */
export interface LateSettlement {
  readonly name: string;
  readonly attributes: Attributes;
  readonly peer: Attributes;
  readonly own: Attributes;
  readonly details: (() => Attributes) | undefined;
  /** Iterated twice. */
  readonly settled: Iterable<Settled>;
  /** The destination, if the messages have none. */
  readonly otherwise: Destination | undefined;
  readonly parent: Context;
  readonly startedAt: OperationClock;
  /** Milliseconds since the epoch. */
  readonly endTime: number;
  /** The error with which the client failed. */
  readonly failure?: { readonly error: unknown } | undefined;
}

/** Writes the spans of a settlement as `startSettling` would have: each further one is a child of the first. */
export function settleLater(messaging: Messaging, settlement: LateSettlement): void {
  defer(new SettlementParts(messaging, settlement));
}

class SettlementParts implements DeferredWork {
  readonly #messaging: Messaging;
  readonly #settlement: LateSettlement;
  /** The messages whose destinations are not compared yet; then those that are not linked yet. */
  #left: Iterator<Settled>;
  #isCompared = false;
  #first: Settled | undefined;
  /** The destination of all messages; undefined if they differ. */
  #destination: Destination | undefined;
  #namesDestinations = false;
  #parent: Context;
  #part = 0;

  constructor(messaging: Messaging, settlement: LateSettlement) {
    this.#messaging = messaging;
    this.#settlement = settlement;
    this.#parent = settlement.parent;
    this.#left = settlement.settled[Symbol.iterator]();
  }

  step(): boolean {
    if (this.#isCompared) return this.#writePart();
    for (let count = 0; count < comparedPerStep; count++) {
      const { done, value } = this.#left.next();
      this.#first ??= value;
      const shared = this.#first?.destination;
      const isShared = done || value.destination?.name === shared?.name;
      if (isShared && !done) continue;
      this.#isCompared = true;
      this.#destination = isShared ? (shared ?? this.#settlement.otherwise) : undefined;
      this.#namesDestinations = !isShared || shared === undefined;
      this.#left = this.#settlement.settled[Symbol.iterator]();
      return true;
    }
    return true;
  }

  #writePart(): boolean {
    const { name, attributes, peer, own, details, startedAt, endTime, failure } = this.#settlement;
    const isFirst = this.#part === 0;
    const links: Link[] = [];
    const more = this.#addLinks(links);
    const part = ++this.#part;
    if (!isFirst && links.length === 0) return more;
    const operation = startOperation(
      this.#messaging,
      {
        name,
        type: 'settle',
        destination: this.#destination,
        attributes,
        peer: isFirst ? peer : undefined,
        own: isFirst ? own : mergeAttributes(own, { [ATTR_LINKS_PART]: part }),
        details: isFirst ? details : undefined,
      },
      { kind: SpanKind.CLIENT, parent: this.#parent, links, startedAt },
    );
    if (isFirst) {
      this.#parent = operation.context;
      if (failure !== undefined) operation.fail(failure.error);
    }
    if (operation.endLater()) operation.write(endTime);
    return more;
  }

  /** Adds the links of one span. Messages without a creation context cannot be linked. Returns whether there may be more. */
  #addLinks(links: Link[]): boolean {
    while (links.length < linksPerSpan) {
      const { done, value } = this.#left.next();
      if (done) return false;
      const { creation } = value;
      if (creation !== undefined) links.push(messageLink(creation, value, this.#namesDestinations));
    }
    return true;
  }
}
