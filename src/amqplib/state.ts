// Defines the state that tracing keeps for a channel and its messages.
import {
  createStamp,
  type LightOperation,
  type Messaging,
  type Operation,
  OpenOperations,
} from '../messaging/index.ts';
import { Confirms, publishedCount } from './confirms.ts';
import { exclusiveQueuesOf, type ExclusiveQueues, type Server, serverOf } from './connection.ts';
import { Deliveries, Delivery } from './deliveries.ts';
import type { QueueLag } from './lag.ts';
import { producerDestination } from './destination.ts';
import { LightDeliveries } from './light-deliveries.ts';
import { conversationOf, readMessage } from './message.ts';
import type { TraceAmqplibOptions } from './options.ts';
import { type Requests, requestsOf } from './requests.ts';
import { type ReturnedMessage, Returns } from './returns.ts';
import type { MessageLike } from './types.ts';

/** The state of one channel. */
export class ChannelState {
  readonly messaging: Messaging;
  readonly server: Server;
  readonly exclusiveQueues: ExclusiveQueues;
  /** Undefined unless lag is read from the broker. */
  readonly lag: QueueLag | undefined;
  readonly deliveries: Deliveries = new Deliveries();
  /** Unsettled deliveries whose spans are certainly unsampled. */
  readonly lightDeliveries: LightDeliveries = new LightDeliveries();
  /** Publishes that wait for their confirm; undefined on a channel without confirms. */
  readonly confirms: Confirms | undefined;
  /** Publishes whose messages the broker may return; undefined on a channel without confirms, on which publishes have ended. */
  readonly returns: Returns | undefined;
  /** Requests that wait for their reply. */
  readonly requests: Requests;
  /** Messages that are being processed. */
  readonly processing: OpenOperations = new OpenOperations();
  /** The light operations whose handlers have not returned, the outer ones first. Closing the channel ends and removes them. */
  readonly running: LightOperation[] = [];
  #failure: unknown;
  #closed = false;

  constructor(channel: object, messaging: Messaging, options: TraceAmqplibOptions, lag: QueueLag | undefined) {
    this.lag = lag;
    this.messaging = messaging;
    this.server = serverOf(channel, options);
    this.exclusiveQueues = exclusiveQueuesOf(channel);
    this.requests = requestsOf(channel);
    const published = publishedCount(channel);
    this.confirms = published === undefined ? undefined : new Confirms(messaging, published);
    this.returns = published === undefined ? undefined : new Returns(messaging);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Stores the error that closes the channel. */
  failed(error: unknown): void {
    this.#failure ??= error;
  }

  /** Counts a message that the broker returns, and fails its publish if that waits for its confirm. */
  returned(message: ReturnedMessage): void {
    const { exchange, routingKey } = message.fields;
    const destination = producerDestination(exchange, routingKey, this.exclusiveQueues);
    const { address: attributes } = this.server;
    this.messaging.measurer.start('publish', 'send', destination, attributes)?.returned();
    this.returns?.returned(message);
  }

  /** Ends the open operations, because no confirm or settlement can arrive any more. */
  close(): void {
    this.#closed = true;
    this.confirms?.close(this.#failure);
    for (const operation of this.processing) this.#endOpen(operation);
    for (const operation of this.running.splice(0)) this.#endOpen(operation);
    this.deliveries.clear();
    for (const operation of this.lightDeliveries.takeOperations()) this.#endOpen(operation);
    this.lightDeliveries.clear();
  }

  /** Ends an operation that the closing of the channel interrupts. */
  #endOpen(operation: Operation | LightOperation): void {
    if (this.#failure === undefined) operation.end();
    else operation.fail(this.#failure);
  }

  /** Lets the settlement of a delivery that is no light one end the operation; it ends now if the message is settled. */
  endWhenSettled(tag: number, light: LightOperation): void {
    const delivery = this.deliveries.find(tag);
    if (delivery === undefined) {
      light.end();
      return;
    }
    const operation = light.toOperation();
    operation.track(this.processing);
    delivery.endWhenSettled(operation);
  }
}

/** The source of a message, for processing it later. */
export interface MessageSource {
  state: ChannelState;
  delivery: Delivery;
}

/** The source of messages that can be read again: those without a span and settled ones. The same for all messages of a consumer. */
export interface UnsampledSource {
  readonly state: ChannelState;
  readonly queue: string;
}

const received = createStamp<MessageSource | UnsampledSource>();

export function storeSource(message: object, from: MessageSource | UnsampledSource): void {
  received.set(message, from);
}

/** Keeps no span in memory for as long as the application keeps a settled message: `processMessage` reads the message again. */
export function releaseSource(message: object, { reread }: Delivery): void {
  if (reread !== undefined && received.get(message) !== undefined) received.set(message, reread);
}

/** The source of a message; undefined if no traced channel delivered it. */
export function storedSource(message: MessageLike): MessageSource | undefined {
  const from = received.get(message);
  if (from === undefined || 'delivery' in from) return from;
  const { state, queue } = from;
  const { deliveryTag } = message.fields;
  const incoming = readMessage(state.messaging, message, queue, state.exclusiveQueues);
  const delivery = new Delivery(deliveryTag, incoming, queue, conversationOf(message));
  delivery.context = incoming.context;
  if (state.lightDeliveries.has(deliveryTag)) {
    const light = state.lightDeliveries.takeOperation(deliveryTag);
    state.lightDeliveries.delete(deliveryTag);
    state.deliveries.add(delivery);
    if (light !== undefined) state.endWhenSettled(deliveryTag, light);
  }
  const known = { state, delivery };
  received.set(message, known);
  return known;
}
