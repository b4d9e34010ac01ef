// Implements traceChannel(), which wraps one channel.
import { types } from 'node:util';
import { warn } from '../common/warnings.ts';
import { checkClient, claim, guard, Messaging, replaceMethod } from '../messaging/index.ts';
import { bindCallbacks, takesCallbacks } from './completion.ts';
import type { QueueLag } from './lag.ts';
import { checkAmqplibOptions, type TraceAmqplibOptions } from './options.ts';
import { learnQueues } from './queues.ts';
import { traceConsume, traceGet } from './receiving.ts';
import type { ReturnedMessage } from './returns.ts';
import { tracePublish } from './sending.ts';
import { traceRecover, traceSettling } from './settling.ts';
import { ChannelState } from './state.ts';
import type { ChannelLike } from './types.ts';

/**
 * Traces one channel or confirm channel of amqplib's promise or callback API: the messages that it publishes, consumes, gets and
 * settles.
 *
 * @returns the same channel. A channel that is already traced is returned unchanged.
 * @throws MqtraceError `INVALID_CLIENT` if it is not a channel, `INVALID_OPTION`
 */
export function traceChannel<C extends ChannelLike>(channel: C, options: TraceAmqplibOptions = {}): C {
  checkAmqplibOptions('traceChannel', options);
  checkClient('traceChannel', channel, ['publish', 'consume', 'get', 'ack', 'on'], 'a channel of amqplib');
  const traced = traceOneChannel(channel, new Messaging('rabbitmq', 'traceChannel', options), options);
  if (traced) {
    guard('looking for earlier consumers', () =>
      warnOfConsumers(channel, 'traceChannel', 'Call traceChannel before consume()'),
    );
  }
  return channel;
}

/**
 * Traces a channel with the options of its connection. @internal
 *
 * @returns false if it was already traced.
 */
export function traceOneChannel(
  channel: object,
  messaging: Messaging,
  options: TraceAmqplibOptions,
  lag?: QueueLag,
): boolean {
  if (!claim(channel, 'traceChannel', options)) return false;
  const state = new ChannelState(channel, messaging, options, lag);
  learnQueues(channel, state);
  tracePublish(channel, state);
  traceConsume(channel, state);
  traceGet(channel, state);
  traceSettling(channel, state);
  traceRecover(channel, state);
  if (takesCallbacks(channel)) bindCallbacks(channel, methodsWithCallback);
  watchEvents(channel, state);
  return true;
}

/** Methods of the callback API whose callbacks would otherwise run in the context in which the connection was opened. */
const methodsWithCallback = [
  'checkQueue',
  'deleteQueue',
  'purgeQueue',
  'bindQueue',
  'unbindQueue',
  'assertExchange',
  'checkExchange',
  'deleteExchange',
  'bindExchange',
  'unbindExchange',
  'cancel',
  'prefetch',
  'close',
  'waitForConfirms',
];

/**
 * Observes confirms, returned messages and the channel's end in `emit`, before any listener. Additional listeners would be counted by
 * the application and removed by its `removeAllListeners()`; one for `'error'` would prevent unhandled errors from being thrown.
 */
function watchEvents(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'emit',
    (raw) =>
      function emit(this: unknown, ...args: unknown[]): unknown {
        const [event, payload] = args;
        if (event === 'ack') guard('ending confirmed publishes', () => state.confirmed(payload));
        else if (event === 'nack') guard('ending confirmed publishes', () => state.rejected(payload));
        else if (event === 'return')
          guard('reading a returned message', () => state.returned(payload as ReturnedMessage));
        else if (event === 'error') state.failed(payload);
        else if (event === 'close') guard('closing a channel', () => state.close());
        return Reflect.apply(raw, this, args);
      },
  );
}

let warned = false;

/** Warns once of consumers that a channel had before it was traced. @internal */
export function warnOfConsumers(channel: object, where: string, advice: string): void {
  const { consumers } = channel as { consumers?: unknown };
  const count = types.isMap(consumers) ? consumers.size : Object.keys(consumers ?? {}).length;
  if (count === 0 || warned) return;
  warned = true;
  warn(`${where} was given a channel that already consumes; its ${count} earlier consumers are not traced. ${advice}`);
}
