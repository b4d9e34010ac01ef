import { types } from 'node:util';
import { checkClient, claim, guard, Messaging, replaceMethod } from '../messaging/index.ts';
import { checkAmqplibOptions, type TraceAmqplibOptions } from './options.ts';
import { traceOneChannel } from './trace-channel.ts';
import type { ConnectionLike } from './types.ts';

/**
 * Traces a connection of amqplib's promise API: every channel and confirm channel that it makes from now on.
 *
 * Of `connect(url, { recovery })` it takes what `setup` is given, and what `connect` gives, whose `'connect'` events bring further
 * connections: these are traced, too.
 *
 * @returns the same connection. One that is traced already is left as it is.
 * @throws MqtraceError `INVALID_CLIENT` if it is not a connection, `INVALID_OPTION`
 */
export function traceConnection<C extends ConnectionLike>(connection: C, options: TraceAmqplibOptions = {}): C {
  checkAmqplibOptions('traceConnection', options);
  checkClient('traceConnection', connection, ['createChannel', 'createConfirmChannel'], 'a connection of amqplib');
  traceOneConnection(connection, new Messaging('rabbitmq', 'traceConnection', options), options);
  return connection;
}

function traceOneConnection(connection: object, messaging: Messaging, options: TraceAmqplibOptions): void {
  if (!claim(connection, 'traceConnection', options)) return;
  for (const name of ['createChannel', 'createConfirmChannel']) {
    replaceMethod(
      connection,
      name,
      (raw) =>
        function createChannel(this: unknown, ...args: unknown[]): unknown {
          const opening: unknown = Reflect.apply(raw, this, args);
          if (!types.isPromise(opening)) return opening;
          return opening.then((channel) => {
            guard('tracing a channel', () => traceOneChannel(channel as object, messaging, options));
            return channel;
          });
        },
    );
  }
  replaceMethod(
    connection,
    'emit',
    (raw) =>
      function emit(this: unknown, ...args: unknown[]): unknown {
        const [event, model] = args;
        if (event === 'connect' && typeof model === 'object' && model !== null) {
          guard('tracing a connection', () => traceOneConnection(model, messaging, options));
        }
        return Reflect.apply(raw, this, args);
      },
  );
}
