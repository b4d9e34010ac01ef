// Tracks the deliveries of a channel that are not settled yet.
import { type Attributes, type Context, ROOT_CONTEXT, type Span, type SpanContext } from '@opentelemetry/api';
import { type Destination, type Incoming, Operation, type Settled } from '../messaging/index.ts';
import { ByTag, type Taken } from './by-tag.ts';
import { conversationOf, messageAttributes } from './message.ts';
import type { Place } from './place.ts';
import type { MessageLike } from './types.ts';

/**
 * A message that the broker has delivered and that is not settled. There may be very many, for a long time: it has only the data
 * that its settlement needs.
 */
export class Delivery implements Settled {
  readonly tag: number;
  readonly place: Place;
  readonly creation: SpanContext | undefined;
  /** The context in which the message is processed; undefined until it is. */
  context: Context | undefined = undefined;
  /** The message as it was received; undefined if it can be read again. */
  incoming: Incoming | undefined = undefined;
  readonly #messageId: string | undefined;
  /** `messaging.message.conversation_id`. */
  readonly conversation: string | undefined;
  /** The process operation that the settlement ends, or only its span; undefined if it ends otherwise. */
  #ending: Operation | Span | undefined = undefined;

  constructor(tag: number, place: Place, creation: SpanContext | undefined, message?: MessageLike) {
    this.tag = tag;
    this.place = place;
    this.creation = creation;
    const messageId = message?.properties.messageId;
    this.#messageId = typeof messageId === 'string' ? messageId : undefined;
    this.conversation = message && conversationOf(message);
  }

  get destination(): Destination | undefined {
    return this.place.destination;
  }

  get attributes(): Attributes {
    return messageAttributes(this.tag, this.place.routingKey, this.#messageId);
  }

  /** Lets the settlement end the operation, to which no one else refers. */
  endWhenSettled(operation: Operation): void {
    if (operation.isObserved) this.#ending = operation.onlySpan ?? operation;
  }

  /** Returns the operation that ends now; undefined if there is none. */
  settle(): Operation | undefined {
    const ending = this.#ending;
    if (ending === undefined) return undefined;
    this.#ending = undefined;
    if (ending instanceof Operation) return ending;
    return new Operation(this.context ?? ROOT_CONTEXT, ending, this.place.state.messaging);
  }
}

/**
 * The unsettled deliveries of a channel, by delivery tag. These are the messages that the broker holds as unacknowledged, so the
 * prefetch count limits their number.
 */
export class Deliveries {
  readonly #unsettled = new ByTag<Delivery>();
  #highest = 0;

  /** The highest tag so far. */
  get highest(): number {
    return this.#highest;
  }

  add(delivery: Delivery): void {
    const { tag } = delivery;
    if (tag > this.#highest) this.#highest = tag;
    this.#unsettled.set(tag, delivery);
  }

  get size(): number {
    return this.#unsettled.size;
  }

  find(tag: number): Delivery | undefined {
    return this.#unsettled.get(tag);
  }

  /** All up to a tag, as lists of neighbouring tags, by the index of the list. */
  findUpTo(tag: number): Map<number, readonly (Delivery | undefined)[]> {
    return this.#unsettled.copyUpTo(tag);
  }

  /** The number of deliveries up to a tag. */
  countUpTo(tag: number): number {
    return this.#unsettled.countUpTo(tag);
  }

  /** Lets the settlement of a delivery end the operation; it ends now if the message is settled. */
  endWhenSettled(delivery: Delivery, operation: Operation): void {
    if (this.find(delivery.tag) === delivery) delivery.endWhenSettled(operation);
    else operation.end();
  }

  /** Removes a delivery. Returns the operation that ends now; undefined if there is none. */
  settle(delivery: Delivery): Operation | undefined {
    this.#unsettled.delete(delivery.tag);
    return delivery.settle();
  }

  /** Removes all deliveries up to a tag. */
  settleUpTo(tag: number): SettledDeliveries {
    return new SettledDeliveries(this.#unsettled.takeUpTo(tag));
  }
}

/** The operations that end with the settlement of several deliveries, in the order of the tags. They can be iterated once. */
export class SettledDeliveries implements Iterable<Operation> {
  readonly #settled: Taken<Delivery>;

  constructor(settled: Taken<Delivery>) {
    this.#settled = settled;
  }

  /** The maximum number of operations. */
  get mostOperations(): number {
    return this.#settled.most;
  }

  *[Symbol.iterator](): Generator<Operation, void> {
    for (const delivery of this.#settled) {
      const operation = delivery.settle();
      if (operation !== undefined) yield operation;
    }
  }
}
