// Traces all connections of rabbitmq-client, for applications that do not wrap a connection.
import type { TraceAmqplibOptions } from '../amqplib/options.ts';
import { onceForEach } from '../common/once-for-each.ts';
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
  const tracingWith = onceForEach((options: TraceAmqplibOptions): ConnectionTracing => ({
    messaging: new Messaging('rabbitmq', 'traceRabbitClient', options),
    options,
  }));
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
