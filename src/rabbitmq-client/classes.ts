// Traces all connections of rabbitmq-client, for applications that do not wrap a connection.
import type { TraceAmqplibOptions } from '../amqplib/options.ts';
import { guard, isTracedExplicitly, Messaging, replaceClassMethod } from '../messaging/index.ts';
import { type ConnectionTracing, replaceConnectionMethods } from './connection-methods.ts';

/**
 * Traces the channels and consumers that connections of rabbitmq-client create.
 *
 * @param connection - the class `Connection`.
 * @param current - the options with which they are currently traced; undefined while they are not traced.
 * @internal
 */
export function traceRabbitClass(
  connection: { prototype: object },
  current: () => TraceAmqplibOptions | undefined,
): void {
  /** One for each options object, because many channels share the same options. */
  const tracings = new WeakMap<TraceAmqplibOptions, ConnectionTracing>();
  const tracingWith = (options: TraceAmqplibOptions): ConnectionTracing => {
    const known = tracings.get(options) ?? {
      messaging: new Messaging('rabbitmq', 'traceRabbitClient', options),
      options,
    };
    tracings.set(options, known);
    return known;
  };
  const { prototype } = connection;
  replaceConnectionMethods(
    (name, make) => replaceClassMethod(prototype, name, make),
    (self) =>
      guard('tracing a connection of rabbitmq-client', () => {
        const options = isTracedExplicitly(self) ? undefined : current();
        return options && tracingWith(options);
      }),
  );
}
