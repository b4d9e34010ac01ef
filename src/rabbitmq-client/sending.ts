// Traces basicPublish of a channel of rabbitmq-client.
import { amqpHeaders, type AmqpHeaders } from '../../carriers/index.ts';
import { type Server, serverOf } from '../amqplib/connection.ts';
import { producerDestination } from '../amqplib/destination.ts';
import { fitHeaders } from '../amqplib/header-space.ts';
import { carrierFor, sentAtHeader } from '../amqplib/message.ts';
import type { TraceAmqplibOptions } from '../amqplib/options.ts';
import {
  activeContext,
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_ID,
  ATTR_RABBITMQ_ROUTING_KEY,
  dropPastDelivery,
  endWith,
  guard,
  mergeAttributes,
  type Messaging,
  replaceMethod,
  type Sending,
  startSending,
} from '../messaging/index.ts';

type Envelope = Readonly<Record<string, unknown>>;

interface ChannelParts {
  readonly _conn?: object;
  readonly _state?: { readonly maxFrameSize?: number };
}

/** The attributes of the broker, from the socket of a connection. */
export function serverOfSocket(connection: object, options: TraceAmqplibOptions): Server {
  return serverOf({ connection: { stream: (connection as { _socket?: object })._socket } }, options);
}

/** Traces `basicPublish`: a PRODUCER span that ends with the promise, which is the confirm on a channel with confirms. */
export function tracePublish(channel: object, messaging: Messaging, options: TraceAmqplibOptions): void {
  const { _conn: connection = {}, _state: state } = channel as ChannelParts;
  const server = serverOfSocket(connection, options);
  replaceMethod(
    channel,
    'basicPublish',
    (raw) =>
      function basicPublish(this: unknown, ...args: unknown[]): unknown {
        const sending = guard('tracing a publish', () => start(messaging, server, envelopeOf(args[0])));
        if (sending === undefined) return Reflect.apply(raw, this, args);
        const { operation, headers } = sending;
        const carrying = guard('writing headers', () => write(args[0], headers[0], state?.maxFrameSize));
        if (carrying !== undefined) args[0] = carrying;
        try {
          return endWith(operation, Reflect.apply(raw, this, args) as unknown);
        } catch (error) {
          operation.fail(error);
          throw error;
        }
      },
  );
}

/** A text is the name of a queue. */
function envelopeOf(given: unknown): Envelope {
  return typeof given === 'string' ? { routingKey: given } : ((given ?? {}) as Envelope);
}

function start(messaging: Messaging, server: Server, envelope: Envelope): Sending<AmqpHeaders> {
  const { exchange, routingKey, headers, messageId, correlationId, contentType } = envelope;
  const key = typeof routingKey === 'string' ? routingKey : '';
  return startSending<AmqpHeaders>(
    messaging,
    carrierFor(contentType),
    {
      name: 'publish',
      attributes: mergeAttributes(server.address, key === '' ? undefined : { [ATTR_RABBITMQ_ROUTING_KEY]: key }),
      peer: server.peer,
      details: () => ({
        [ATTR_MESSAGE_ID]: typeof messageId === 'string' ? messageId : undefined,
        [ATTR_MESSAGE_CONVERSATION_ID]: typeof correlationId === 'string' ? correlationId : undefined,
      }),
    },
    [
      {
        destination: producerDestination(typeof exchange === 'string' ? exchange : '', key),
        headers: headers as AmqpHeaders | undefined,
        // Headers of an invalid type are passed through, so that the client throws its own error.
        readOnlyHeaders: Boolean(headers) && (typeof headers !== 'object' || Array.isArray(headers)),
      },
    ],
    activeContext(),
  );
}

function write(given: unknown, carried: AmqpHeaders | undefined, frameMax: number | undefined): object | undefined {
  if (carried === undefined) return undefined;
  amqpHeaders.remove(carried, [sentAtHeader]);
  carried[sentAtHeader] = String(Date.now());
  dropPastDelivery(carried);
  const envelope = envelopeOf(given);
  const fitted = fitHeaders(carried, envelope, frameMax);
  return fitted && Object.assign({}, envelope, { headers: fitted });
}
