import { type Attributes, type Context, context as contextApi } from '@opentelemetry/api';
import { amqpHeaders, type AmqpHeaders } from '../../carriers/index.ts';
import { reportFault } from '../faults.ts';
import {
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_ID,
  ATTR_RABBITMQ_ROUTING_KEY,
  guard,
  type Operation,
  replaceMethod,
  startSending,
} from '../messaging/index.ts';
import type { ChannelState } from './channel-state.ts';
import { producerDestination } from './destination.ts';
import { sentAtHeader } from './message.ts';
import { fitsFrame, withHeaders } from './publish-options.ts';

/** A publish under way. */
interface Publishing {
  operation: Operation;
  /** What to hand to the client, in the order of preference: with everything, with the trace alone. Never the caller's own. */
  options: object[];
}

/** The first header table that is too large even for the largest frame: amqplib encodes up to 64 KiB, and throws beyond. */
const alwaysFits = 70_000;

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
          startPublish(state, { exchange, routingKey, options }, connection?.frameMax, parent),
        );
        if (publishing === undefined) return Reflect.apply(raw, this, args);
        const { operation } = publishing;
        const done = confirms ? confirmed(operation, parent, callback) : callback;
        let result: unknown;
        try {
          result = publishFirst([...publishing.options, options], (given) =>
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
  frameMax: number | undefined,
  parent: Context,
): Publishing {
  const exchange = typeof given.exchange === 'string' ? given.exchange : '';
  const routingKey = typeof given.routingKey === 'string' ? given.routingKey : '';
  const options = (given.options ?? {}) as Readonly<Record<string, unknown>>;
  const headers = options['headers'];
  const attributes: Attributes = { ...state.server.address };
  if (routingKey !== '') attributes[ATTR_RABBITMQ_ROUTING_KEY] = routingKey;
  const { operation, headers: written } = startSending<AmqpHeaders>(
    state.messaging,
    amqpHeaders,
    { name: 'publish', attributes, details: () => ({ ...state.server.peer, ...messageIds(options) }) },
    [
      {
        destination: producerDestination(exchange, routingKey),
        headers: headers as AmqpHeaders | undefined,
        // amqplib refuses such headers; it shall see them and say so.
        sealed: Boolean(headers) && (typeof headers !== 'object' || Array.isArray(headers)),
      },
    ],
    parent,
  );
  const [carried] = written;
  if (carried === undefined) return { operation, options: [] };
  amqpHeaders.remove(carried, [sentAtHeader]);
  carried[sentAtHeader] = String(Date.now());
  // What baggage holds may be anyone's; the trace itself is 55 bytes.
  const slight = amqpHeaders.copy(carried);
  amqpHeaders.remove(slight, ['baggage', 'tracestate']);
  let candidates = [carried, slight];
  if (frameMax !== undefined && frameMax < alwaysFits) {
    candidates = candidates.filter((candidate) => fitsFrame(frameMax, options, candidate));
    if (candidates.length < 2) tooLarge();
  }
  return { operation, options: candidates.map((candidate) => withHeaders(given.options, candidate)) };
}

/**
 * Publishes with the first options whose headers the client can encode. It encodes before it writes anything, so that what has
 * thrown has not been sent.
 */
function publishFirst(options: readonly unknown[], publish: (options: unknown) => unknown): unknown {
  for (const [at, given] of options.entries()) {
    try {
      return publish(given);
    } catch (error) {
      if ((error as Error | null)?.name !== 'RangeError' || at === options.length - 1) throw error;
    }
    tooLarge();
  }
  return undefined;
}

function tooLarge(): void {
  reportFault('writing trace headers', new RangeError('the message has no room for all of them'));
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
