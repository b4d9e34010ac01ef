import { type Attributes, type Context, context as contextApi } from '@opentelemetry/api';
import { amqpHeaders, type AmqpHeaders } from '../../carriers/index.ts';
import {
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_ID,
  ATTR_RABBITMQ_ROUTING_KEY,
  guard,
  mergeAttributes,
  type Operation,
  replaceMethod,
  startSending,
} from '../messaging/index.ts';
import type { ChannelState } from './channel-state.ts';
import { producerDestination } from './destination.ts';
import { publishInRoom } from './header-room.ts';
import { sentAtHeader } from './message.ts';

/** A publish under way. */
interface Publishing {
  operation: Operation;
  /** The headers that carry its context; undefined where the message is to be left as it is. */
  carried: AmqpHeaders | undefined;
}

/**
 * Traces `publish`, and with it `sendToQueue`, which calls it: a PRODUCER span that ends at the return, on a confirm channel with
 * the confirm. Its callback runs in the context of the publish call.
 */
export function tracePublish(channel: object, state: ChannelState): void {
  const confirms = typeof (channel as { waitForConfirms?: unknown }).waitForConfirms === 'function';
  const { connection } = channel as { connection?: { frameMax?: number } };

  replaceMethod(
    channel,
    'publish',
    (raw) =>
      function publish(this: unknown, ...args: unknown[]): unknown {
        const [exchange, routingKey, content, options, callback] = args;
        const parent = contextApi.active();
        const publishing = guard('tracing a publish', () =>
          startPublish(state, { exchange, routingKey, options }, parent),
        );
        if (publishing === undefined) return Reflect.apply(raw, this, args);
        const { operation, carried } = publishing;
        const done = confirms ? confirmed(operation, parent, callback) : callback;
        let result: unknown;
        try {
          result = publishInRoom(carried, options, connection?.frameMax, (given) =>
            raw.call(this, exchange, routingKey, content, given, done),
          );
        } catch (error) {
          operation.fail(error);
          throw error;
        }
        if (confirms) operation.track(state.publishing);
        else operation.end();
        return result;
      },
  );
}

function startPublish(
  state: ChannelState,
  given: { exchange: unknown; routingKey: unknown; options: unknown },
  parent: Context,
): Publishing {
  const exchange = typeof given.exchange === 'string' ? given.exchange : '';
  const routingKey = typeof given.routingKey === 'string' ? given.routingKey : '';
  const options = (given.options ?? {}) as Readonly<Record<string, unknown>>;
  const headers = options['headers'];
  const attributes = mergeAttributes(
    state.server.address,
    routingKey === '' ? undefined : { [ATTR_RABBITMQ_ROUTING_KEY]: routingKey },
  );
  const { operation, headers: written } = startSending<AmqpHeaders>(
    state.messaging,
    amqpHeaders,
    { name: 'publish', attributes, details: () => ({ ...state.server.peer, ...messageIds(options) }) },
    [
      {
        destination: producerDestination(exchange, routingKey),
        headers: headers as AmqpHeaders | undefined,
        // amqplib refuses such headers; it shall see them and say so.
        readOnlyHeaders: Boolean(headers) && (typeof headers !== 'object' || Array.isArray(headers)),
      },
    ],
    parent,
  );
  const [carried] = written;
  if (carried !== undefined) {
    if (headers) amqpHeaders.remove(carried, [sentAtHeader]);
    carried[sentAtHeader] = String(Date.now());
  }
  return { operation, carried };
}

/** Ends a publish with its confirm; the application's own callback gets what it would have got, where it would have been called. */
function confirmed(operation: Operation, parent: Context, callback: unknown): (...args: unknown[]) => void {
  return (...args) => {
    if (args[0] === null || args[0] === undefined) operation.end();
    else operation.fail(args[0], 'nack');
    if (callback) contextApi.with(parent, callback as (...args: unknown[]) => void, undefined, ...args);
  };
}

function messageIds({ messageId, correlationId }: Readonly<Record<string, unknown>>): Attributes {
  return {
    ...(typeof messageId === 'string' && { [ATTR_MESSAGE_ID]: messageId }),
    ...(typeof correlationId === 'string' && { [ATTR_MESSAGE_CONVERSATION_ID]: correlationId }),
  };
}
