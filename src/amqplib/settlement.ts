// Implements the settlement of one message, or of several.
import type { Attributes, Context } from '@opentelemetry/api';
import {
  activeContext,
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_REJECTED,
  ATTR_RABBITMQ_DELIVERY_TAG,
  ATTR_RABBITMQ_ROUTING_KEY,
  type Destination,
  type LateSettlement,
  mergeAttributes,
  noOperation,
  type Operation,
  OperationClock,
  settleLater,
  startSettling,
  startSettlingOne,
  writesLater,
} from '../messaging/index.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { Delivery } from './deliveries.ts';
import { consumerDestination } from './destination.ts';
import { conversationOf } from './message.ts';
import { type ChannelState, releaseSource } from './state.ts';
import type { MessageLike } from './types.ts';
import { Unsettled } from './unsettled.ts';

export type Name = 'ack' | 'nack' | 'reject';
/** What a settlement tells the broker. */
export interface How {
  readonly name: Name;
  /** Whether the message is not to be delivered again. */
  readonly rejects: boolean;
}

/** The message that the application passed. */
export type Given = Partial<MessageLike> | null | undefined;

const rejected = (): Attributes => ({ [ATTR_MESSAGE_REJECTED]: true });

/** A settlement in progress. */
export interface Settling {
  /** Undefined if it has no span. */
  start(): Operation | undefined;
  /** Called when the client has sent it. */
  settle(): void;
  /** Called when the client has thrown. */
  failed?(error: unknown): void;
}

/** One settled message. */
export class Settlement implements Settling {
  protected readonly how: How;
  protected readonly state: ChannelState;
  /** The message that the application passed; undefined if there is none. */
  protected readonly message: Given;
  /** The delivery that the call settles; undefined if its tag is unknown. */
  protected readonly named: Delivery | undefined;

  constructor(how: How, state: ChannelState, message: Given, tag: number | undefined) {
    this.how = how;
    this.state = state;
    this.message = message;
    this.named = tag === undefined ? undefined : (state.deliveries.find(tag) ?? state.lightDeliveries.find(tag));
  }

  /** Undefined if the settlement has no span. */
  start(): Operation | undefined {
    const active = activeContext();
    const parent = isTracingSuppressed(active) ? active : (this.named?.context ?? active);
    const { messaging } = this.state;
    if (messaging.recordsSettlement(parent)) return this.startRecorded(parent);
    return messaging.observesSettlement(parent) ? this.startMeasured(parent) : undefined;
  }

  settle(): void {
    if (this.named === undefined) return;
    this.state.deliveries.settle(this.named)?.end();
    this.state.lightDeliveries.delete(this.named.tag);
    if (this.message) releaseSource(this.message, this.named);
  }

  protected startRecorded(parent: Context): Operation {
    return this.startOne(this.named, parent);
  }

  /** The destination of the settled messages; undefined if there are several. */
  protected destination(): Destination | undefined {
    return this.named?.destination ?? destinationOf(this.message);
  }

  /** A settlement that is only counted: no span is described. */
  protected startMeasured(parent: Context): Operation {
    const { messaging, server } = this.state;
    return noOperation(parent, messaging.measurer.start(this.how.name, 'settle', this.destination(), server.address));
  }

  /** The span of a single settled message has the message's attributes. */
  protected startOne(delivery: Delivery | undefined, parent: Context, more?: Attributes): Operation {
    const { messaging, server } = this.state;
    const { name, rejects } = this.how;
    const own = delivery?.attributes ?? attributesOf(this.message);
    const operation = startSettlingOne(
      messaging,
      {
        name,
        destination: delivery?.destination ?? destinationOf(this.message),
        attributes: server.address,
        peer: server.peer,
        own: more === undefined ? own : mergeAttributes(more, own),
      },
      delivery,
      parent,
    );
    const conversation = delivery?.conversation ?? conversationOf(this.message ?? undefined);
    if ((rejects || conversation !== undefined) && operation.isRecording) {
      if (rejects) operation.put(ATTR_MESSAGE_REJECTED, true);
      operation.put(ATTR_MESSAGE_CONVERSATION_ID, conversation);
    }
    return operation;
  }
}

/** All unsettled messages up to one, or all of them. */
export class SeveralSettled extends Settlement {
  readonly #upTo: unknown;
  /** Set by {@link start} for a settlement of so many messages that its spans are written later. */
  #late: Omit<LateSettlement, 'endTime'> | undefined;

  constructor(how: How, state: ChannelState, message: Given, tag: number | undefined) {
    super(how, state, message, tag);
    // For RabbitMQ, tag 0 means all.
    this.#upTo = tag === 0 ? Number.POSITIVE_INFINITY : tag;
  }

  override settle(): void {
    if (typeof this.#upTo !== 'number') return;
    this.state.settleUpTo(this.#upTo);
    this.#writeLater();
  }

  failed(error: unknown): void {
    this.#writeLater({ error });
  }

  #writeLater(failure?: { readonly error: unknown }): void {
    if (this.#late === undefined) return;
    const { startedAt } = this.#late;
    settleLater(this.state.messaging, Object.assign({ endTime: startedAt.now(), failure }, this.#late));
  }

  #find(): Unsettled | undefined {
    if (typeof this.#upTo !== 'number') return undefined;
    const { deliveries, lightDeliveries } = this.state;
    return new Unsettled(deliveries, lightDeliveries, this.#upTo);
  }

  protected override destination(found: Iterable<Delivery> = this.#find() ?? []): Destination | undefined {
    let shared: Destination | undefined;
    let isFirst = true;
    for (const { destination } of found) {
      if (isFirst) shared = destination;
      else if (destination?.name !== shared?.name) return undefined;
      isFirst = false;
    }
    return shared ?? destinationOf(this.message);
  }

  protected override startRecorded(parent: Context): Operation {
    const { messaging, server } = this.state;
    const found = this.#find();
    const size = found?.size ?? 0;
    const count = { [ATTR_BATCH_MESSAGE_COUNT]: size };
    const { name, rejects } = this.how;
    const own = mergeAttributes(count, tagOf(this.message));
    const { address: attributes, peer } = server;
    const details = rejects ? rejected : undefined;
    if (found !== undefined && writesLater(messaging, size)) {
      const otherwise = destinationOf(this.message);
      const startedAt = new OperationClock();
      this.#late = { name, attributes, peer, own, details, settled: found, otherwise, parent, startedAt };
      return metricsEpoch() === 0 ? noOperation(parent) : this.startMeasured(parent);
    }
    const settled = [...(found ?? [])];
    if (settled.length === 1) return this.startOne(settled[0], parent, count);
    const description = { name, destination: this.destination(settled), attributes, peer, own, details };
    return startSettling(messaging, description, settled, parent);
  }
}

/** The destination of a message that is not a known delivery, from its fields. */
function destinationOf(message: Given): Destination | undefined {
  return consumerDestination(message?.fields?.exchange ?? '', message?.fields?.routingKey ?? '', '');
}

function attributesOf(message: Given): Attributes {
  const attributes = tagOf(message);
  const routingKey = message?.fields?.routingKey;
  if (routingKey) attributes[ATTR_RABBITMQ_ROUTING_KEY] = routingKey;
  return attributes;
}

function tagOf(message: Given): Attributes {
  const tag = message?.fields?.deliveryTag;
  return typeof tag === 'number' && tag !== 0 ? { [ATTR_RABBITMQ_DELIVERY_TAG]: tag } : {};
}
