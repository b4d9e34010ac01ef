// Implements traceRabbitClient(), which wraps a connection of rabbitmq-client.
import { checkAmqplibOptions, type TraceAmqplibOptions } from '../amqplib/options.ts';
import { checkClient, claim, Messaging, replaceMethod } from '../messaging/index.ts';
import { replaceConnectionMethods } from './connection-methods.ts';

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
  const tracing = { messaging, options };
  replaceConnectionMethods(
    (name, make) => replaceMethod(connection, name, make),
    () => tracing,
  );
  return connection;
}
