// Implements traceRabbitClient(), which wraps a connection of rabbitmq-client: what it publishes and what its consumers handle.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { checkAmqplibOptions, type TraceAmqplibOptions } from '../amqplib/options.ts';
import { deliveryFacts, messageDetails, readMessage } from '../amqplib/message.ts';
import type { MessageLike } from '../amqplib/types.ts';
import {
  checkClient,
  claim,
  guard,
  Messaging,
  replaceMethod,
  runHandler,
  startProcessing,
  observeResult,
} from '../messaging/index.ts';
import { serverOfSocket, tracePublish } from './sending.ts';

/** A `Connection` of rabbitmq-client. */
export interface RabbitClientLike {
  acquire(options?: never): unknown;
  createConsumer(properties: never, handler: never): unknown;
  createPublisher(properties?: never): unknown;
  close(): unknown;
}

/**
 * Traces a connection of rabbitmq-client: the messages of its publishers, RPC clients and acquired channels, and its consumers.
 *
 *     const rabbit = traceRabbitClient(new Connection('amqp://localhost'));
 *
 * @returns the same connection. A connection that is already traced is returned unchanged.
 * @throws MqtraceError `INVALID_CLIENT` if it is not a connection of rabbitmq-client, `INVALID_OPTION`
 */
export function traceRabbitClient<C extends RabbitClientLike>(connection: C, options: TraceAmqplibOptions = {}): C {
  checkAmqplibOptions('traceRabbitClient', options);
  checkClient(
    'traceRabbitClient',
    connection,
    ['acquire', 'createConsumer', 'createPublisher'],
    'a Connection of rabbitmq-client',
  );
  if (!claim(connection, 'traceRabbitClient', options)) return connection;
  const messaging = new Messaging('rabbitmq', 'traceRabbitClient', options);
  // Publishers, consumers and RPC clients get their channels from here.
  replaceMethod(
    connection,
    'acquire',
    (raw) =>
      function acquire(this: unknown, ...args: unknown[]): unknown {
        return observeResult(Reflect.apply(raw, this, args), (channel) => {
          if (typeof channel !== 'object' || channel === null) return;
          if (claim(channel, 'traceRabbitClient', options)) tracePublish(channel, messaging, options);
        });
      },
  );
  replaceMethod(
    connection,
    'createConsumer',
    (raw) =>
      function createConsumer(this: unknown, ...args: unknown[]): unknown {
        const [properties, handler] = args;
        if (typeof handler === 'function') {
          const { queue } = (properties ?? {}) as { queue?: unknown };
          args[1] = tracedHandler(connection, messaging, options, typeof queue === 'string' ? queue : '', handler);
        }
        return Reflect.apply(raw, this, args);
      },
  );
  return connection;
}

/** A CONSUMER span around each message, which ends with the promise of the handler, like the client's acknowledgement. */
function tracedHandler(
  connection: object,
  messaging: Messaging,
  options: TraceAmqplibOptions,
  queue: string,
  handler: object,
): (...args: unknown[]) => unknown {
  return function onMessage(this: unknown, ...args: unknown[]): unknown {
    const call = (): unknown => Reflect.apply(handler as (...all: unknown[]) => unknown, this, args);
    const operation = guard('tracing a delivery', () => {
      // The client has the fields of a delivery and its properties in one object.
      const message = { fields: args[0], properties: args[0] } as MessageLike;
      return startProcessing(
        messaging,
        {
          name: 'process',
          attributes: serverOfSocket(connection, options).address,
          details: () => messageDetails(message, queue),
        },
        readMessage(messaging, message, queue),
        ROOT_CONTEXT,
        'delivered',
        deliveryFacts(message, queue),
      );
    });
    return operation === undefined ? call() : runHandler(operation, call, { awaited: true });
  };
}
