import type { ChannelState } from './channel-state.ts';
import type { Delivery } from './deliveries.ts';

/** Where a message came from. */
interface Received {
  state: ChannelState;
  delivery: Delivery;
  queue: string;
}

const received = new WeakMap<object, Received>();

/** Notes where a message came from, for who processes it later. */
export function remember(message: object, from: Received): void {
  received.set(message, from);
}

/** Where a message came from; undefined for one that no traced channel gave. */
export function recall(message: object): Received | undefined {
  return received.get(message);
}
