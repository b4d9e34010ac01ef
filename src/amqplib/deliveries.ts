// Tracks the deliveries of a channel that are not settled yet.
import type { Context } from '@opentelemetry/api';
import type { Incoming, Operation } from '../messaging/index.ts';
import { ByTag } from './by-tag.ts';
import type { UnsampledSource } from './state.ts';

/** A message that the broker has delivered and that is not settled. */
export class Delivery {
  readonly tag: number;
  readonly incoming: Incoming;
  /** The queue that it came from. */
  readonly queue: string;
  /** `messaging.message.conversation_id`. */
  readonly conversation: string | undefined;
  /** The context in which the message is processed; undefined until it is. */
  context: Context | undefined;
  /** From where the message can be read again when it is settled, so that nothing is kept of it; undefined if it cannot. */
  reread: UnsampledSource | undefined;
  /** The process operation that the settlement ends; undefined if it ends otherwise. */
  #untilSettled: Operation | undefined;
  #settled = false;

  constructor(tag: number, incoming: Incoming, queue = '', conversation?: string) {
    this.tag = tag;
    this.incoming = incoming;
    this.queue = queue;
    this.conversation = conversation;
  }

  /** Lets the settlement end the operation; the message may already be settled. */
  endWhenSettled(operation: Operation): void {
    if (this.#settled) operation.end();
    else this.#untilSettled = operation;
  }

  /** Returns the operation that ends now; undefined if there is none. */
  settle(): Operation | undefined {
    this.#settled = true;
    const operation = this.#untilSettled;
    this.#untilSettled = undefined;
    return operation;
  }
}

/**
 * The unsettled deliveries of a channel, by delivery tag. These are the messages that the broker holds as unacknowledged, so the
 * prefetch count limits their number.
 */
export class Deliveries {
  readonly #unsettled = new ByTag<Delivery>();

  add(delivery: Delivery): void {
    this.#unsettled.set(delivery.tag, delivery);
  }

  get size(): number {
    return this.#unsettled.size;
  }

  find(tag: number): Delivery | undefined {
    return this.#unsettled.get(tag);
  }

  /** All up to a tag, in the order of their tags. */
  findUpTo(tag: number): Delivery[] {
    return this.#unsettled.upTo(tag);
  }

  /** Forgets a delivery. Returns the operation that ends now; undefined if there is none. */
  settle(delivery: Delivery): Operation | undefined {
    this.#unsettled.delete(delivery.tag);
    return delivery.settle();
  }

  /** Forgets all deliveries up to a tag. Returns the operations that end now. */
  settleUpTo(tag: number): Operation[] {
    const settled = this.findUpTo(tag);
    // Deleting one after the other would take most of the time.
    if (settled.length === this.size) this.clear();
    return this.settleAll(settled);
  }

  /** Forgets deliveries. Returns the operations that end now. */
  settleAll(settled: readonly Delivery[]): Operation[] {
    const ending: Operation[] = [];
    for (const delivery of settled) {
      const operation = this.settle(delivery);
      if (operation !== undefined) ending.push(operation);
    }
    return ending;
  }

  clear(): void {
    this.#unsettled.clear();
  }
}
