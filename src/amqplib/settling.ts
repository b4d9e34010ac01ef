// Traces ack, nack, reject and recover.
import type { Attributes, Context } from '@opentelemetry/api';
import {
  activeContext,
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_REJECTED,
  ATTR_RABBITMQ_DELIVERY_TAG,
  ATTR_RABBITMQ_ROUTING_KEY,
  type Destination,
  guard,
  mergeAttributes,
  noOperation,
  type Operation,
  replaceMethod,
  startSettling,
} from '../messaging/index.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { complete, takesCallbacks } from './completion.ts';
import type { Delivery } from './deliveries.ts';
import { consumerDestination } from './destination.ts';
import { conversationOf } from './message.ts';
import type { ChannelState } from './state.ts';
import type { MessageLike } from './types.ts';

type Name = 'ack' | 'nack' | 'reject';
/** The instruction of a settlement to the broker. */
interface How {
  readonly name: Name;
  /** Whether the message is not to be delivered again. */
  readonly rejects: boolean;
}

const rejected: Attributes = { [ATTR_MESSAGE_REJECTED]: true };

/** Where `requeue` is among the arguments. */
const requeueArgument: Readonly<Record<Name, number | undefined>> = { ack: undefined, nack: 2, reject: 1 };

type Given = Partial<MessageLike> | null | undefined;

/**
 * Traces `ack`, `nack`, `reject`, `ackAll` and `nackAll`: a CLIENT span below the process span of the message, which is found by
 * its delivery tag, for any object that the application passes.
 */
export function traceSettling(channel: object, state: ChannelState): void {
  for (const name of ['ack', 'nack', 'reject'] as const) {
    const requeueAt = requeueArgument[name];
    const requeues: How = { name, rejects: false };
    const rejects: How = { name, rejects: true };
    replaceSettle(channel, name, (args) => {
      const message = args[0] as Given;
      const tag = message?.fields?.deliveryTag;
      const how = requeueAt !== undefined && isRejection(args[requeueAt]) ? rejects : requeues;
      if (name !== 'reject' && args[1]) return new SeveralSettled(how, state, message, tag);
      const isLight = tag !== undefined && metricsEpoch() === 0 && state.lightDeliveries.has(tag);
      return isLight ? new LightSettlement(state, tag) : new Settlement(how, state, message, tag);
    });
  }
  for (const name of ['ack', 'nack'] as const) {
    replaceSettle(channel, `${name}All`, (args) => {
      const rejects = name === 'nack' && isRejection(args[0]);
      return new SeveralSettled({ name, rejects }, state, undefined, 0);
    });
  }
}

/** As the client reads the argument `requeue`. */
function isRejection(requeue: unknown): boolean {
  return requeue !== undefined && !requeue;
}

function replaceSettle(channel: object, method: string, find: (args: readonly unknown[]) => Settling): void {
  replaceMethod(
    channel,
    method,
    (raw) =>
      function settle(this: unknown, ...args: unknown[]): unknown {
        const settlement = guard('finding the settled messages', () => find(args));
        const operation = settlement && guard('tracing a settlement', () => settlement.start());
        let result: unknown;
        try {
          result = Reflect.apply(raw, this, args);
        } catch (error) {
          operation?.fail(error);
          throw error;
        }
        operation?.end();
        settlement?.settle();
        return result;
      },
  );
}

/** A settlement under way. */
interface Settling {
  /** Undefined if it has no span. */
  start(): Operation | undefined;
  /** Called when the client has sent it. */
  settle(): void;
}

/** The settlement of a message whose spans, including that of the settlement, are certainly unsampled. */
class LightSettlement implements Settling {
  readonly #state: ChannelState;
  readonly #tag: number;

  constructor(state: ChannelState, tag: number) {
    this.#state = state;
    this.#tag = tag;
  }

  start(): undefined {}

  settle(): void {
    this.#state.lightDeliveries.delete(this.#tag);
  }
}

/** One settled message. */
class Settlement implements Settling {
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
    this.state.deliveries.settle(this.named);
    this.state.lightDeliveries.delete(this.named.tag);
  }

  protected startRecorded(parent: Context): Operation {
    return this.startOne(this.named, parent);
  }

  /** The destination of the settled messages; undefined if there are several. */
  protected destination(): Destination | undefined {
    return this.named?.incoming.destination ?? destinationOf(this.message);
  }

  /** A settlement that is only counted: no span is described. */
  protected startMeasured(parent: Context): Operation {
    const { messaging, server } = this.state;
    return noOperation(parent, messaging.measurer.start(this.how.name, 'settle', this.destination(), server.address));
  }

  /** What only recorded spans have. */
  protected details(): Attributes {
    const { peer } = this.state.server;
    return this.how.rejects ? mergeAttributes(peer, rejected) : peer;
  }

  /** The span of a single settled message has the message's attributes. */
  protected startOne(delivery: Delivery | undefined, parent: Context, more?: Attributes): Operation {
    const { messaging, server } = this.state;
    const incoming = delivery?.incoming;
    return startSettling(
      messaging,
      {
        name: this.how.name,
        destination: incoming?.destination ?? destinationOf(this.message),
        attributes: mergeAttributes(server.address, more, incoming?.attributes ?? attributesOf(this.message)),
        details: () => {
          const conversation = delivery?.conversation ?? conversationOf(this.message ?? undefined);
          return mergeAttributes(this.details(), { [ATTR_MESSAGE_CONVERSATION_ID]: conversation });
        },
      },
      incoming === undefined ? [] : [incoming],
      parent,
    );
  }
}

/** All unsettled messages up to one, or all of them. */
class SeveralSettled extends Settlement {
  readonly #upTo: unknown;

  constructor(how: How, state: ChannelState, message: Given, tag: number | undefined) {
    super(how, state, message, tag);
    // For RabbitMQ, tag 0 means all.
    this.#upTo = tag === 0 ? Number.POSITIVE_INFINITY : tag;
  }

  override settle(): void {
    const { deliveries, lightDeliveries } = this.state;
    if (typeof this.#upTo !== 'number') return;
    for (const delivery of deliveries.findUpTo(this.#upTo)) deliveries.settle(delivery);
    lightDeliveries.deleteUpTo(this.#upTo);
  }

  /** The messages that it settles, in the order of their tags if some are light deliveries. */
  #find(): Delivery[] {
    if (typeof this.#upTo !== 'number') return [];
    const { deliveries, lightDeliveries } = this.state;
    const found = deliveries.findUpTo(this.#upTo);
    if (lightDeliveries.size === 0) return found;
    return found.concat(lightDeliveries.findUpTo(this.#upTo)).toSorted((one, other) => one.tag - other.tag);
  }

  protected override destination(found: readonly Delivery[] = this.#find()): Destination | undefined {
    const [first] = found;
    const name = first?.incoming.destination?.name;
    const same = found.every(({ incoming }) => incoming.destination?.name === name);
    return same ? (first?.incoming.destination ?? destinationOf(this.message)) : undefined;
  }

  protected override startRecorded(parent: Context): Operation {
    const { messaging, server } = this.state;
    const found = this.#find();
    const [first] = found;
    const count = { [ATTR_BATCH_MESSAGE_COUNT]: found.length };
    if (found.length === 1) return this.startOne(first, parent, count);
    return startSettling(
      messaging,
      {
        name: this.how.name,
        destination: this.destination(found),
        attributes: mergeAttributes(server.address, count, tagOf(this.message)),
        details: () => this.details(),
      },
      found.map(({ incoming }) => incoming),
      parent,
    );
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

/** `recover` returns every unsettled message to its queue. They are delivered again with new tags. */
export function traceRecover(channel: object, state: ChannelState): void {
  const callbackAt = takesCallbacks(channel) ? 0 : undefined;
  replaceMethod(
    channel,
    'recover',
    (raw) =>
      function recover(this: unknown, ...args: unknown[]): unknown {
        const before = state.deliveries.findUpTo(Number.POSITIVE_INFINITY);
        const { highest } = state.lightDeliveries;
        return complete(raw, this, args, {
          where: 'ending recovered deliveries',
          callbackAt,
          done() {
            for (const delivery of before) state.deliveries.settle(delivery);
            state.lightDeliveries.deleteUpTo(highest);
          },
        });
      },
  );
}
