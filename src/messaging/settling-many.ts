// Writes the spans of a settlement of very many messages later, a part of its links at a time.
import { type Attributes, type Context, type Link, SpanKind } from '@opentelemetry/api';
import { type DeferredWork, defer } from '../common/deferred-work.ts';
import { messageLink, sharedDestination } from './batch.ts';
import type { Incoming } from './incoming.ts';
import type { Messaging } from './messaging.ts';
import { type Destination, mergeAttributes } from './operation.ts';
import { startOperation } from './start-operation.ts';
import type { OperationClock } from './operation-clock.ts';
import { ATTR_LINKS_PART } from './semconv.ts';
import { linksPerSpan } from './spans.ts';

/** A settlement that has ended, without its spans. */
export interface LateSettlement {
  readonly name: string;
  readonly attributes: Attributes;
  readonly peer: Attributes;
  readonly own: Attributes;
  readonly details: (() => Attributes) | undefined;
  readonly settled: readonly Incoming[];
  /** The destination of all settled messages; undefined if they differ. Called once. */
  readonly destination: () => Destination | undefined;
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
  #destination: Destination | undefined;
  #namesDestinations = false;
  #parent: Context;
  #at = 0;
  #part = 0;

  constructor(messaging: Messaging, settlement: LateSettlement) {
    this.#messaging = messaging;
    this.#settlement = settlement;
    this.#parent = settlement.parent;
  }

  step(): boolean {
    const { settled, name, attributes, peer, own, details, startedAt, endTime, failure, destination } =
      this.#settlement;
    const isFirst = this.#part === 0;
    if (isFirst) {
      this.#destination = destination();
      this.#namesDestinations = sharedDestination(settled) === undefined;
    }
    const links = this.#nextLinks();
    const part = ++this.#part;
    const more = this.#at < settled.length;
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

  /** Messages without a creation context cannot be linked. */
  #nextLinks(): Link[] {
    const { settled } = this.#settlement;
    const links: Link[] = [];
    while (links.length < linksPerSpan && this.#at < settled.length) {
      const message = settled[this.#at++]!;
      const { creation } = message;
      if (creation !== undefined) links.push(messageLink(creation, message, this.#namesDestinations));
    }
    return links;
  }
}
