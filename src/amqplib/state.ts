// Defines the state that tracing keeps for a channel and its messages.
import {
  createStamp,
  endAll,
  failureOf,
  type LightOperation,
  type MessageSource,
  type Messaging,
  type Operation,
  OpenOperations,
} from '../messaging/index.ts';
import { Confirms, publishedCount } from './confirms.ts';
import { exclusiveQueuesOf, type ExclusiveQueues, type Server, serverOf } from './connection.ts';
import { Deliveries, Delivery } from './deliveries.ts';
import { DirectHeaders } from './direct-headers.ts';
import type { QueueLag } from './lag.ts';
import { producerDestination } from './destination.ts';
import { LightDeliveries } from './light-deliveries.ts';
import { readFrom } from './message.ts';
import type { TraceAmqplibOptions } from './options.ts';
import type { Place } from './place.ts';
import { type Requests, requestsOf } from './requests.ts';
import { type ReturnedMessage, Returns } from './returns.ts';
import type { MessageLike } from './types.ts';

/** The state of one channel. */
export class ChannelState {
  readonly messaging: Messaging;
  readonly server: Server;
  /** Describes the operations that process messages. */
  readonly processDescription: MessageSource['description'];
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
  /** Undefined if headers are given to the client in the options. */
  readonly direct: DirectHeaders | undefined;
  /** Messages that are being processed. */
  readonly processing: OpenOperations = new OpenOperations();
  /** Messages without a span whose handlers have returned promises. */
  readonly handling: OpenOperations<LightOperation> = new OpenOperations();
  /** The operations whose handlers have not returned, the outer ones first. Closing the channel ends and removes them. */
  readonly running: (Operation | LightOperation)[] = [];
  #failure: unknown;
  #closed = false;

  constructor(channel: object, messaging: Messaging, options: TraceAmqplibOptions, lag: QueueLag | undefined) {
    this.lag = lag;
    this.messaging = messaging;
    this.server = serverOf(channel, options);
    this.processDescription = { name: 'process', attributes: this.server.address };
    this.exclusiveQueues = exclusiveQueuesOf(channel);
    this.requests = requestsOf(channel);
    this.direct = messaging.fastPath ? DirectHeaders.of(channel) : undefined;
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

  /** Ends the publishes that the broker has accepted. */
  confirmed(fields: unknown): void {
    this.confirms?.ack(fields, this.returns?.isEmpty === false);
    this.#forgetConfirmed();
  }

  /** Fails the publishes that the broker has rejected. */
  rejected(fields: unknown): void {
    this.confirms?.nack(fields, this.returns?.isEmpty === false);
    this.#forgetConfirmed();
  }

  /** The broker returns a message before it confirms it. */
  #forgetConfirmed(): void {
    if (this.confirms?.isEmpty === true) this.returns?.clear();
  }

  /** Counts a message that the broker returns, and fails its publish if that waits for its confirm. */
  returned(message: ReturnedMessage): void {
    const { exchange, routingKey } = message.fields;
    const destination = producerDestination(exchange, routingKey, this.exclusiveQueues);
    const { address: attributes } = this.server;
    this.messaging.measurer.start('publish', 'send', destination, attributes)?.returned();
    this.returns?.returned(message);
  }

  /** Removes all deliveries up to a tag, and ends the operations that end with their settlement. */
  settleUpTo(tag: number): void {
    const settled = this.deliveries.settleUpTo(tag);
    endAll(this.messaging, settled, settled.mostOperations);
    this.lightDeliveries.deleteUpTo(tag);
  }

  /** Ends the open operations, because no confirm or settlement can arrive any more. */
  close(): void {
    this.#closed = true;
    this.direct?.close();
    const failure = this.#failure === undefined ? undefined : failureOf(this.#failure);
    this.confirms?.close(failure, this.returns?.isEmpty === false);
    this.returns?.clear();
    const processing = [...this.processing];
    endAll(this.messaging, processing, processing.length, true, failure);
    for (const operation of this.handling) operation.interrupt(failure);
    for (const operation of this.running.splice(0)) this.#endOpen(operation);
    const unsettled = this.deliveries.settleUpTo(Number.POSITIVE_INFINITY);
    endAll(this.messaging, unsettled, unsettled.mostOperations, false, failure);
    for (const operation of this.lightDeliveries.takeOperations()) this.#endOpen(operation);
    this.lightDeliveries.clear();
  }

  /** Ends an operation that the closing of the channel interrupts. */
  #endOpen(operation: Operation | LightOperation): void {
    if (this.#failure === undefined) operation.end();
    else operation.fail(this.#failure);
  }

  /** Lets the settlement of a delivery end an operation without a span; it ends now if the message is settled. */
  endWhenSettled(tag: number, light: LightOperation): void {
    if (this.lightDeliveries.endWhenSettled(tag, light)) return;
    const delivery = this.deliveries.find(tag);
    if (delivery === undefined) {
      light.end();
      return;
    }
    delivery.endWhenSettled(light.toOperation());
  }
}

/** How a message can be processed later: its delivery; for one without a span or a settled one, only its place. */
const received = createStamp<Delivery | Place>();

export function storeSource(message: object, from: Delivery | Place): void {
  received.set(message, from);
}

/** Keeps no span in memory for as long as the application keeps a settled message: `processMessage` reads the message again. */
export function releaseSource(message: object, { incoming, place }: Delivery): void {
  if (incoming === undefined && received.get(message) !== undefined) received.set(message, place);
}

/** The delivery of a message; undefined if no traced channel delivered it. */
export function storedDelivery(message: MessageLike): Delivery | undefined {
  const from = received.get(message);
  if (from === undefined || from instanceof Delivery) return from;
  const { state, destination } = from;
  const { deliveryTag } = message.fields;
  const incoming = readFrom(state.messaging, message, destination);
  const delivery = new Delivery(deliveryTag, from, incoming.creation, message);
  delivery.incoming = incoming;
  delivery.context = incoming.context;
  if (state.lightDeliveries.has(deliveryTag)) {
    const light = state.lightDeliveries.takeOperation(deliveryTag);
    state.lightDeliveries.delete(deliveryTag);
    state.deliveries.add(delivery);
    if (light !== undefined) delivery.endWhenSettled(light.toOperation());
  }
  received.set(message, delivery);
  return delivery;
}
