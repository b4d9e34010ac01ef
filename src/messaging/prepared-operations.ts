// Caches the common data of the spans of one operation on one destination.
import { type Attributes, SpanKind } from '@opentelemetry/api';
import { PreparedSpan } from '../common/prepared-span.ts';
import { RecentMap } from '../common/recent-map.ts';
import type { Destination, OperationDescription } from './operation.ts';
import {
  ATTR_DESTINATION_ANONYMOUS,
  ATTR_DESTINATION_NAME,
  ATTR_DESTINATION_TEMPLATE,
  ATTR_DESTINATION_TEMPORARY,
  ATTR_OPERATION_NAME,
  ATTR_OPERATION_TYPE,
  ATTR_PEER_SERVICE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SYSTEM,
  type SemconvVersion,
  toVersion,
} from './semconv.ts';

/** The inputs of a prepared operation. */
type Described = Pick<
  OperationDescription,
  'name' | 'type' | 'destination' | 'withoutDestination' | 'attributes' | 'peer'
>;

/** The part of a description that the operations on several destinations share. */
type Facts = Pick<OperationDescription, 'name' | 'attributes' | 'peer'>;

/** The minimum number of cached destinations: senders may choose their names. */
const destinationsAtMost = 500;
/** The maximum number of cached operations per destination: several clients with different attributes may share the cache. */
const operationsAtMost = 8;

/** A prepared operation, and the next one of the same destination. */
interface Prepared {
  readonly described: Described;
  readonly kind: SpanKind;
  /** The last given attributes: the same objects need not be compared again. */
  facts: Attributes | undefined;
  peer: Attributes | undefined;
  readonly span: PreparedSpan;
  next: Prepared | undefined;
}

/**
 * Prepares the operations of one `Messaging`. Each is prepared again when the attributes of its client change: they are compared by
 * value, so that clients may create a new object for each call.
 *
 * @internal
 */
export class PreparedOperations {
  readonly #system: string;
  readonly #semconv: SemconvVersion;
  readonly #peer: string | undefined;
  readonly #byDestination = new RecentMap<string, Prepared>(destinationsAtMost);
  /** The last one of each type: most clients repeat the same operation. */
  readonly #last: Record<OperationDescription['type'], Prepared | undefined> = {
    create: undefined,
    send: undefined,
    receive: undefined,
    process: undefined,
    settle: undefined,
  };

  /** @param peer - the name of the broker in service graphs. */
  constructor(system: string, semconv: SemconvVersion, peer?: string) {
    this.#system = system;
    this.#semconv = semconv;
    this.#peer = peer;
  }

  /** The common data of this operation's spans. */
  get(described: Described, kind: SpanKind): PreparedSpan {
    const { type, destination } = described;
    return this.find(type, described, destination, kind, described.withoutDestination);
  }

  /** As {@link get}, for a description that several destinations share. */
  find(
    type: Described['type'],
    described: Facts,
    destination: Destination | undefined,
    kind: SpanKind,
    withoutDestination?: boolean,
  ): PreparedSpan {
    const last = this.#last[type];
    if (last?.kind === kind && isFor(last, described, destination, withoutDestination)) return last.span;
    const prepared = this.#find(type, described, destination, kind, withoutDestination);
    this.#last[type] = prepared;
    return prepared.span;
  }

  #find(
    type: Described['type'],
    described: Facts,
    destination: Destination | undefined,
    kind: SpanKind,
    withoutDestination: boolean | undefined,
  ): Prepared {
    const place = destination?.name ?? '';
    const first = this.#byDestination.get(place);
    let count = 0;
    for (let each = first; each !== undefined; each = each.next) {
      const isSame = each.kind === kind && each.described.type === type;
      if (isSame && isFor(each, described, destination, withoutDestination)) return each;
      if (++count === operationsAtMost) each.next = undefined;
    }
    const { name, attributes, peer } = described;
    // A destination may be an object that the caller reuses.
    const kept = { name, type, destination: destination && { ...destination }, withoutDestination, attributes, peer };
    const all = toVersion(constantAttributes(this.#system, kept), this.#semconv);
    // A CONSUMER span is the called end of an edge.
    if (this.#peer !== undefined && kind !== SpanKind.CONSUMER) all[ATTR_PEER_SERVICE] = this.#peer;
    const span = new PreparedSpan(spanName(kept), kind, all, definedOf(peer && toVersion(peer, this.#semconv)));
    const prepared: Prepared = { described: kept, kind, facts: attributes, peer, span, next: first };
    this.#byDestination.set(place, prepared);
    return prepared;
  }
}

function isFor(
  prepared: Prepared,
  given: Facts,
  destination: Destination | undefined,
  withoutDestination: boolean | undefined,
): boolean {
  const { described } = prepared;
  if (described.name !== given.name || described.withoutDestination !== withoutDestination) return false;
  if (!isSameDestination(described.destination, destination)) return false;
  if (prepared.facts !== given.attributes && !haveSameValues(described.attributes, given.attributes)) return false;
  if (prepared.peer !== given.peer && !haveSameValues(described.peer, given.peer)) return false;
  prepared.facts = given.attributes;
  prepared.peer = given.peer;
  return true;
}

/** Undefined if there are none. */
function definedOf(attributes: Attributes | undefined): Attributes | undefined {
  let all: Attributes | undefined;
  for (const key in attributes) if (attributes[key] !== undefined) (all ??= {})[key] = attributes[key];
  return all;
}

function isSameDestination(a: Destination | undefined, b: Destination | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.name === b.name && a.template === b.template && a.anonymous === b.anonymous && a.temporary === b.temporary;
}

function haveSameValues(a: Attributes | undefined, b: Attributes | undefined): boolean {
  let more = 0;
  for (const key in a) {
    if (a[key] !== b?.[key]) return false;
    more++;
  }
  for (const _ in b) more--;
  return more === 0;
}

function constantAttributes(system: string, { name, type, destination, attributes }: Described): Attributes {
  const all: Attributes = { [ATTR_SYSTEM]: system, [ATTR_OPERATION_NAME]: name, [ATTR_OPERATION_TYPE]: type };
  if (destination !== undefined) {
    all[ATTR_DESTINATION_NAME] = destination.name;
    if (destination.template !== undefined) all[ATTR_DESTINATION_TEMPLATE] = destination.template;
    if (destination.anonymous) all[ATTR_DESTINATION_ANONYMOUS] = true;
    if (destination.temporary) all[ATTR_DESTINATION_TEMPORARY] = true;
  }
  for (const key in attributes) if (attributes[key] !== undefined) all[key] = attributes[key];
  return all;
}

/** `{operation} {destination}`, if the destination is not anonymous or temporary. */
function spanName({ name, destination, withoutDestination, attributes }: Described): string {
  if (destination === undefined) {
    const address = withoutDestination ? attributes?.[ATTR_SERVER_ADDRESS] : undefined;
    if (typeof address !== 'string') return name;
    const port = attributes?.[ATTR_SERVER_PORT];
    return typeof port === 'number' ? `${name} ${address}:${port}` : `${name} ${address}`;
  }
  if (destination.template !== undefined) return `${name} ${destination.template}`;
  const hidden = destination.anonymous || destination.temporary || destination.name === '';
  return hidden ? name : `${name} ${destination.name}`;
}
