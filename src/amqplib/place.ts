// Stores the data that the messages of one consumer share.
import type { MessageSource } from '../messaging/index.ts';
import { consumerDestination } from './destination.ts';
import type { ChannelState } from './state.ts';
import type { MessageLike } from './types.ts';

/** From where messages were received: the same object for many messages, so that each one stores little. */
export interface Place extends MessageSource {
  readonly state: ChannelState;
  readonly exchange: string;
  readonly routingKey: string;
  /** Empty if unknown. */
  readonly queue: string;
  /** The change counter of the connection's exclusive queues. */
  readonly changes: number;
}

/** The places of the messages of one queue. Most of them have the same routing key. */
export class Places {
  readonly queue: string;
  readonly #state: ChannelState;
  #last: Place | undefined;

  constructor(state: ChannelState, queue: string) {
    this.#state = state;
    this.queue = queue;
  }

  of({ fields }: MessageLike): Place {
    const exchange = fields.exchange ?? '';
    const routingKey = fields.routingKey ?? '';
    const state = this.#state;
    const { changes } = state.exclusiveQueues;
    const last = this.#last;
    if (last?.routingKey === routingKey && last.exchange === exchange && last.changes === changes) return last;
    const { queue } = this;
    const { messaging, processDescription: description } = state;
    const destination = consumerDestination(exchange, routingKey, queue, state.exclusiveQueues);
    this.#last = { state, messaging, description, exchange, routingKey, queue, destination, changes };
    return this.#last;
  }
}
