// Ends the spans of a confirm channel with the broker's confirms.
import { endAll, type Failure, failureOf, type Messaging, type Operation } from '../messaging/index.ts';
import { ByTag } from './by-tag.ts';

/** The fields of a `basic.ack` or `basic.nack` with which the broker confirms publishes. */
interface ConfirmFields {
  readonly deliveryTag?: unknown;
  readonly multiple?: unknown;
}

/**
 * The publishes of a confirm channel that wait for their confirm. They are counted like in the broker, from 1, so that no
 * additional callback is passed to the client: with a callback, amqplib up to 2.2.0 resolves `waitForConfirms()` where it would
 * otherwise reject.
 */
export class Confirms {
  /** By delivery tag, in order. Publishes that are not observed are only counted. */
  readonly #waiting = new ByTag<Operation>();
  readonly #messaging: Messaging;
  #published: number;

  /** @param published - the number of messages that the channel has already published. */
  constructor(messaging: Messaging, published: number) {
    this.#messaging = messaging;
    this.#published = published;
  }

  /** Whether no publish waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Counts a publish. Must be called after it has returned: one that threw has not reached the broker. */
  publish(operation: Operation | undefined): void {
    const tag = ++this.#published;
    if (operation?.isObserved === true && !operation.ended) this.#waiting.set(tag, operation);
  }

  /** @param areShared - whether something else could still end the operations, in place of the confirm. */
  ack(fields: unknown, areShared = false): void {
    const { deliveryTag, multiple } = (fields ?? {}) as ConfirmFields;
    if (this.#waiting.size === 0 || typeof deliveryTag !== 'number') return;
    if (!multiple) {
      this.#takeOne(deliveryTag)?.end();
      return;
    }
    const confirmed = this.#waiting.takeUpTo(deliveryTag);
    endAll(this.#messaging, confirmed, confirmed.most, areShared);
  }

  /** @param areShared - as for {@link ack}. */
  nack(fields: unknown, areShared = false): void {
    const { deliveryTag, multiple } = (fields ?? {}) as ConfirmFields;
    if (this.#waiting.size === 0 || typeof deliveryTag !== 'number') return;
    const error = new Error('message nacked');
    if (!multiple) {
      this.#takeOne(deliveryTag)?.fail(error, 'nack');
      return;
    }
    const rejected = this.#waiting.takeUpTo(deliveryTag);
    endAll(this.#messaging, rejected, rejected.most, areShared, failureOf(error, 'nack'));
  }

  /**
   * Fails the publishes that still wait, because no confirm can arrive any more.
   *
   * @param failure - with the error that closed the channel. Default: it was closed without one.
   * @param areShared - as for {@link ack}.
   */
  close(failure: Failure = failureOf(new Error('channel closed'), 'channel_closed'), areShared = false): void {
    const waiting = this.#waiting.takeUpTo(Number.POSITIVE_INFINITY);
    endAll(this.#messaging, waiting, waiting.most, areShared, failure);
  }

  #takeOne(tag: number): Operation | undefined {
    const operation = this.#waiting.get(tag);
    this.#waiting.delete(tag);
    return operation;
  }
}

/** The number of messages that a confirm channel of amqplib has published; undefined for a channel without confirms. */
export function publishedCount(channel: object): number | undefined {
  const { waitForConfirms, lwm, unconfirmed } = channel as {
    waitForConfirms?: unknown;
    lwm?: unknown;
    unconfirmed?: unknown;
  };
  if (typeof waitForConfirms !== 'function') return undefined;
  // `lwm` is the lowest tag that is not confirmed, `unconfirmed` the callbacks from there on.
  return typeof lwm === 'number' && Array.isArray(unconfirmed) ? lwm - 1 + unconfirmed.length : 0;
}
