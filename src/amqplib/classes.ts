// Traces the channels that amqplib connections create, for applications that do not wrap a connection.
import { onceForEach } from '../common/once-for-each.ts';
import {
  guard,
  isAutoInstrumented,
  isTracedExplicitly,
  Messaging,
  type Method,
  replaceClassMethod,
  replaceClassMethodWhile,
  stepAside,
} from '../messaging/index.ts';
import { bindingCallback } from './completion.ts';
import { QueueLag } from './lag.ts';
import type { TraceAmqplibOptions } from './options.ts';
import { traceOneChannel } from './trace-channel.ts';
import { makeChannel } from './trace-connection.ts';

/**
 * Makes a class of amqplib's connections return traced channels. Only the results of the methods are wrapped; the methods of a
 * subclass still run once.
 *
 * @param connection - the class: `ChannelModel` of the promise API, or `CallbackModel`.
 * @param current - the options with which channels are currently traced; undefined while they are not traced.
 * @internal
 */
export function traceConnectionClass(
  connection: { prototype: object },
  current: () => TraceAmqplibOptions | undefined,
): void {
  /** One for each options object, because many channels share the same options. */
  const messagingOf = onceForEach(
    (options: TraceAmqplibOptions) => new Messaging('rabbitmq', 'traceConnection', options),
  );
  const { prototype } = connection;
  const { createChannel } = prototype as { createChannel: Method };
  const lags = new WeakMap<object, QueueLag>();
  const lagOf = (model: object, options: TraceAmqplibOptions): QueueLag | undefined => {
    if (options.pollLag !== true) return undefined;
    const known = lags.get(model) ?? new QueueLag(model, createChannel, messagingOf(options), options);
    lags.set(model, known);
    return known;
  };
  const trace = (channel: object, model: object, options: TraceAmqplibOptions): void => {
    if (isAutoInstrumented(channel, 'publish')) stepAside('amqplib');
    else traceOneChannel(channel, messagingOf(options), options, lagOf(model, options));
  };
  /** A channel opens after the call, but has the options of the time of the call. */
  const optionsFor = (model: object): TraceAmqplibOptions | undefined =>
    guard('tracing a channel', () => (isTracedExplicitly(model) ? undefined : current()));
  for (const name of ['createChannel', 'createConfirmChannel']) {
    replaceClassMethod(
      prototype,
      name,
      (raw) =>
        function makeTraced(this: object, ...args: unknown[]): unknown {
          const options = optionsFor(this);
          if (options === undefined) return raw.apply(this, args);
          return makeChannel(raw, this, args, (channel) => trace(channel, this, options));
        },
    );
  }
  for (const name of ['close', 'updateSecret']) {
    // The callback API would run the callback in the context in which the connection was opened.
    replaceClassMethodWhile(prototype, name, (model) => optionsFor(model) !== undefined, bindingCallback);
  }
}
