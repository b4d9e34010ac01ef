import { checkClient, claim, guard, Messaging, replaceMethod } from '../messaging/index.ts';
import { ChannelState } from './channel-state.ts';
import { traceConsume, traceGet } from './consumer.ts';
import { checkAmqplibOptions, type TraceAmqplibOptions } from './options.ts';
import { tracePublish } from './producer.ts';
import { serverOf } from './server.ts';
import { traceRecover, traceSettling } from './settle.ts';
import type { ChannelLike } from './types.ts';

/**
 * Traces one channel or confirm channel of amqplib's promise API: what it publishes, consumes, gets and settles.
 *
 * @returns the same channel. One that is traced already is left as it is.
 * @throws MqtraceError `INVALID_CLIENT` if it is not a channel, `INVALID_OPTION`
 */
export function traceChannel<C extends ChannelLike>(channel: C, options: TraceAmqplibOptions = {}): C {
  checkAmqplibOptions('traceChannel', options);
  checkClient('traceChannel', channel, ['publish', 'consume', 'get', 'ack', 'on'], 'a channel of amqplib');
  traceOneChannel(channel, new Messaging('rabbitmq', 'traceChannel', options), options);
  return channel;
}

/** Traces a channel on behalf of whoever made it. @internal */
export function traceOneChannel(channel: object, messaging: Messaging, options: TraceAmqplibOptions): void {
  if (!claim(channel, 'traceChannel', options)) return;
  const state = new ChannelState(messaging, serverOf(channel, options));
  tracePublish(channel, state);
  traceConsume(channel, state);
  traceGet(channel, state);
  traceSettling(channel, state);
  traceRecover(channel, state);
  watchClose(channel, state);
}

/**
 * Sees the channel's end in what it emits, since listeners of ours would be counted by the application, removed by its
 * `removeAllListeners()`, and one for `'error'` would keep errors that nobody handles from being thrown.
 */
function watchClose(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'emit',
    (raw) =>
      function emit(this: unknown, ...args: unknown[]): unknown {
        if (args[0] === 'error') state.failed(args[1]);
        else if (args[0] === 'close') guard('closing a channel', () => state.close());
        return Reflect.apply(raw, this, args);
      },
  );
}
