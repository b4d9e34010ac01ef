// Ends the spans of a confirm channel with the broker's confirms.
import type { Operation } from '../messaging/index.ts';

/** The fields of a `basic.ack` or `basic.nack` with which the broker answers publishes. */
interface ConfirmFields {
  readonly deliveryTag?: unknown;
  readonly multiple?: unknown;
}

/**
 * The publishes of a confirm channel that wait for their confirm. They are counted as the broker counts them, from 1, so that the
 * client is given no callback of ours: with one, amqplib up to 2.2.0 resolves `waitForConfirms()` where it would have rejected.
 */
export class Confirms {
  /** By delivery tag, in its order. Publishes that nobody observes are counted only. */
  readonly #waiting = new Map<number, Operation>();
  #published: number;

  /** @param published - how many messages the channel has published already. */
  constructor(published: number) {
    this.#published = published;
  }

  /** Counts a publish. To be called once it has returned: one that threw has not reached the broker. */
  publish(operation: Operation | undefined): void {
    const tag = ++this.#published;
    if (operation?.isObserved === true && !operation.ended) this.#waiting.set(tag, operation);
  }

  ack(fields: unknown): void {
    for (const operation of this.#take(fields)) operation.end();
  }

  nack(fields: unknown): void {
    for (const operation of this.#take(fields)) operation.fail(new Error('message nacked'), 'nack');
  }

  /**
   * Fails the publishes that still wait: no confirm can come any more.
   *
   * @param failure - the error that closed the channel.
   */
  close(failure: unknown): void {
    for (const operation of this.#waiting.values()) {
      if (failure === undefined) operation.fail(new Error('channel closed'), 'channel_closed');
      else operation.fail(failure);
    }
    this.#waiting.clear();
  }

  #take(fields: unknown): readonly Operation[] {
    const { deliveryTag, multiple } = (fields ?? {}) as ConfirmFields;
    if (this.#waiting.size === 0 || typeof deliveryTag !== 'number') return [];
    const taken: Operation[] = [];
    if (!multiple) {
      const one = this.#waiting.get(deliveryTag);
      if (one !== undefined) taken.push(one);
      this.#waiting.delete(deliveryTag);
      return taken;
    }
    for (const [tag, operation] of this.#waiting) {
      if (tag > deliveryTag) break;
      taken.push(operation);
      this.#waiting.delete(tag);
    }
    return taken;
  }
}

/** How many messages a confirm channel of amqplib has published so far; undefined for a channel without confirms. */
export function publishedOn(channel: object): number | undefined {
  const { waitForConfirms, lwm, unconfirmed } = channel as {
    waitForConfirms?: unknown;
    lwm?: unknown;
    unconfirmed?: unknown;
  };
  if (typeof waitForConfirms !== 'function') return undefined;
  // `lwm` is the lowest tag that is not confirmed, `unconfirmed` the callbacks from there on.
  return typeof lwm === 'number' && Array.isArray(unconfirmed) ? lwm - 1 + unconfirmed.length : 0;
}
