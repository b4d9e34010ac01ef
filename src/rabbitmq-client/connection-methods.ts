// Traces what a connection of rabbitmq-client publishes, and what its consumers handle.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { TraceAmqplibOptions } from '../amqplib/options.ts';
import { deliveryFacts, detailsOf, readMessage } from '../amqplib/message.ts';
import type { MessageLike } from '../amqplib/types.ts';
import {
  claim,
  guard,
  type Messaging,
  type Method,
  observeResult,
  runHandler,
  startProcessing,
} from '../messaging/index.ts';
import { serverOfSocket, tracePublish } from './sending.ts';

/** How a connection is traced. */
export interface ConnectionTracing {
  readonly messaging: Messaging;
  readonly options: TraceAmqplibOptions;
}

type Replace = (name: string, make: (raw: Method) => Method) => void;

/**
 * Replaces the methods of one connection or of the class of all.
 *
 * @param tracingOf - how a connection is traced at this time; undefined if it is not.
 */
export function replaceConnectionMethods(
  replace: Replace,
  tracingOf: (connection: object) => ConnectionTracing | undefined,
): void {
  // Publishers, consumers and RPC clients get their channels from here.
  replace(
    'acquire',
    (raw) =>
      function acquire(this: object, ...args: unknown[]): unknown {
        const tracing = tracingOf(this);
        const result: unknown = Reflect.apply(raw, this, args);
        if (tracing === undefined) return result;
        const { messaging, options } = tracing;
        return observeResult(result, (channel) => {
          if (typeof channel !== 'object' || channel === null) return;
          if (claim(channel, 'traceRabbitClient', options)) tracePublish(channel, messaging, options);
        });
      },
  );
  replace(
    'createConsumer',
    (raw) =>
      function createConsumer(this: object, ...args: unknown[]): unknown {
        const [properties, handler] = args;
        const tracing = tracingOf(this);
        if (typeof handler === 'function' && tracing !== undefined) {
          const { queue } = (properties ?? {}) as { queue?: unknown };
          args[1] = tracedHandler(this, tracing, typeof queue === 'string' ? queue : '', handler);
        }
        return Reflect.apply(raw, this, args);
      },
  );
}

/** A CONSUMER span around each message, which ends with the promise of the handler, like the client's acknowledgement. */
function tracedHandler(
  connection: object,
  { messaging, options }: ConnectionTracing,
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
          details: detailsOf(message, queue),
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
