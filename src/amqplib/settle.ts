import { types } from 'node:util';
import { type Attributes, context as contextApi } from '@opentelemetry/api';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_RABBITMQ_DELIVERY_TAG,
  ATTR_RABBITMQ_ROUTING_KEY,
  type Destination,
  guard,
  noOperation,
  type Operation,
  replaceMethod,
  startSettling,
} from '../messaging/index.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import type { ChannelState } from './channel-state.ts';
import type { Delivery } from './deliveries.ts';
import { consumerDestination } from './destination.ts';
import type { MessageLike } from './types.ts';

/** What a settlement is about. */
interface Settlement {
  /** The client's word for it. */
  name: 'ack' | 'nack' | 'reject';
  /** The message it names; undefined where it names none. */
  message: Partial<MessageLike> | undefined;
  /** What it settles, as far as it is known. */
  deliveries: Delivery[];
  /** Whether it may settle several. */
  several: boolean;
}

/**
 * Traces `ack`, `nack`, `reject`, `ackAll` and `nackAll`: a CLIENT span below the one that processed the message, which is found
 * by its delivery tag, whatever object the application hands in.
 */
export function traceSettling(channel: object, state: ChannelState): void {
  for (const name of ['ack', 'nack', 'reject'] as const) {
    replaceSettle(channel, state, name, (message: Partial<MessageLike> | undefined, allUpTo: unknown) => {
      const several = name !== 'reject' && Boolean(allUpTo);
      const tag = message?.fields?.deliveryTag ?? Number.NaN;
      const one = several ? undefined : state.deliveries.find(tag);
      // To RabbitMQ, tag 0 with "all up to" is all there are.
      const upTo = several ? state.deliveries.findUpTo(tag === 0 ? Number.POSITIVE_INFINITY : tag) : [];
      return { name, message, several, deliveries: one === undefined ? upTo : [one] };
    });
  }
  for (const name of ['ack', 'nack'] as const) {
    replaceSettle(channel, state, `${name}All`, () => ({
      name,
      message: undefined,
      several: true,
      deliveries: state.deliveries.findUpTo(Number.POSITIVE_INFINITY),
    }));
  }
}

function replaceSettle(
  channel: object,
  state: ChannelState,
  method: string,
  find: (message: Partial<MessageLike> | undefined, allUpTo: unknown) => Settlement,
): void {
  replaceMethod(
    channel,
    method,
    (raw) =>
      function settle(this: unknown, ...args: unknown[]): unknown {
        const settlement = guard('finding what is settled', () => find(args[0] as MessageLike | undefined, args[1]));
        const operation = settlement && guard('tracing a settlement', () => startSettle(state, settlement));
        let result: unknown;
        try {
          result = Reflect.apply(raw, this, args);
        } catch (error) {
          operation?.fail(error);
          throw error;
        }
        operation?.end();
        if (settlement !== undefined) state.deliveries.settle(settlement.deliveries);
        return result;
      },
  );
}

function startSettle(state: ChannelState, { name, message, deliveries, several }: Settlement): Operation {
  const [first] = deliveries;
  const active = contextApi.active();
  const named = message?.fields?.deliveryTag;
  const of = several ? deliveries.find(({ tag }) => tag === named) : first;
  const parent = isTracingSuppressed(active) ? active : (of?.context ?? active);
  if (!state.messaging.recordsSettlement(parent)) return noOperation(parent);
  const attributes: Attributes = { ...state.server.address };
  if (several) attributes[ATTR_BATCH_MESSAGE_COUNT] = deliveries.length;
  if (typeof named === 'number') attributes[ATTR_RABBITMQ_DELIVERY_TAG] = named;
  const sameDestination = deliveries.every(
    ({ incoming }) => incoming.destination?.name === first?.incoming.destination?.name,
  );
  return startSettling(
    state.messaging,
    {
      name,
      destination: sameDestination ? (first?.incoming.destination ?? destinationOf(message)) : undefined,
      attributes: several ? attributes : { ...attributes, ...of?.incoming.attributes, ...routingKeyOf(message) },
      details: () => state.server.peer,
    },
    deliveries.map(({ incoming }) => incoming),
    parent,
  );
}

/** What a message that is not known as a delivery says of itself. */
function destinationOf(message: Partial<MessageLike> | undefined): Destination | undefined {
  return consumerDestination(message?.fields?.exchange ?? '', message?.fields?.routingKey ?? '', '');
}

function routingKeyOf(message: Partial<MessageLike> | undefined): Attributes {
  const routingKey = message?.fields?.routingKey;
  return routingKey ? { [ATTR_RABBITMQ_ROUTING_KEY]: routingKey } : {};
}

/** `recover` gives every unsettled message back: what was delivered before is delivered anew, under new tags. */
export function traceRecover(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'recover',
    (raw) =>
      function recover(this: unknown, ...args: unknown[]): unknown {
        const before = state.deliveries.findUpTo(Number.POSITIVE_INFINITY);
        const recovered: unknown = Reflect.apply(raw, this, args);
        if (!types.isPromise(recovered)) return recovered;
        return recovered.then((reply) => {
          state.deliveries.settle(before);
          return reply;
        });
      },
  );
}
