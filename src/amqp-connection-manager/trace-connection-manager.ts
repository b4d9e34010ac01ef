// Implements traceConnectionManager(), which wraps a connection manager: its connections and the channels that it creates.
import { checkAmqplibOptions, type TraceAmqplibOptions } from '../amqplib/options.ts';
import { traceOneChannel, warnOfConsumers } from '../amqplib/trace-channel.ts';
import { traceOneConnection } from '../amqplib/trace-connection.ts';
import { checkClient, claim, guard, Messaging, replaceMethod } from '../messaging/index.ts';
import { traceChannelWrapper } from './trace-channel-wrapper.ts';
import type { ConnectionManagerLike } from './types.ts';

/**
 * Traces a connection manager of amqp-connection-manager 4 and 5: every connection that it opens, and every channel that it creates.
 * A message that waits for a connection is published in the context of its `publish` or `sendToQueue` call, and consumers are traced
 * again after a reconnect.
 *
 *     const manager = traceConnectionManager(connect(['amqp://localhost']));
 *
 * @returns the same manager. A manager that is already traced is returned unchanged.
 * @throws MqtraceError `INVALID_CLIENT` if it is not a connection manager, `INVALID_OPTION`
 */
export function traceConnectionManager<M extends ConnectionManagerLike>(
  manager: M,
  options: TraceAmqplibOptions = {},
): M {
  checkAmqplibOptions('traceConnectionManager', options);
  checkClient(
    'traceConnectionManager',
    manager,
    ['createChannel', 'isConnected', 'emit'],
    'a connection manager of amqp-connection-manager',
  );
  if (!claim(manager, 'traceConnectionManager', options)) return manager;
  const messaging = new Messaging('rabbitmq', 'traceConnectionManager', options);
  const traceNext = (connection: unknown): void => {
    if (typeof connection === 'object' && connection !== null) traceOneConnection(connection, messaging, options);
  };
  replaceMethod(
    manager,
    'emit',
    (raw) =>
      function emit(this: unknown, ...args: unknown[]): unknown {
        // Runs before the listeners of `connect`, because those of the channels are among them.
        if (args[0] === 'connect') {
          guard('tracing a connection', () => traceNext((args[1] as { connection?: unknown } | undefined)?.connection));
        }
        return Reflect.apply(raw, this, args);
      },
  );
  replaceMethod(
    manager,
    'createChannel',
    (raw) =>
      function createChannel(this: unknown, ...args: unknown[]): unknown {
        const wrapper: unknown = Reflect.apply(raw, this, args);
        guard('tracing a channel', () => {
          if (typeof wrapper === 'object' && wrapper !== null) traceChannelWrapper(wrapper, options);
        });
        return wrapper;
      },
  );
  guard('tracing what exists', () => traceExisting(manager, messaging, options));
  return manager;
}

/** A framework may return its manager only after it has connected and created channels. */
function traceExisting(manager: object, messaging: Messaging, options: TraceAmqplibOptions): void {
  const { connection, _channels: wrappers } = manager as { connection?: unknown; _channels?: unknown };
  if (typeof connection === 'object' && connection !== null) traceOneConnection(connection, messaging, options);
  if (!Array.isArray(wrappers)) return;
  for (const wrapper of wrappers as { readonly _channel?: unknown }[]) {
    traceChannelWrapper(wrapper, options);
    const { _channel: channel } = wrapper;
    if (typeof channel !== 'object' || channel === null) continue;
    if (traceOneChannel(channel, messaging, options)) {
      warnOfConsumers(channel, 'traceConnectionManager', 'Call traceConnectionManager right after connect()');
    }
  }
}
