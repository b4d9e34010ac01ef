// Implements traceConnection(), which wraps a connection and the channels that it creates.
import { warn } from '../common/warnings.ts';
import {
  checkClient,
  claim,
  guard,
  isClaimed,
  isTracedExplicitly,
  Messaging,
  type Method,
  replaceMethod,
  observeResult,
} from '../messaging/index.ts';
import { bindCallbacks, complete, takesCallbacks } from './completion.ts';
import { openChannels } from './connection.ts';
import { QueueLag } from './lag.ts';
import { checkAmqplibOptions, type TraceAmqplibOptions } from './options.ts';
import { traceOneChannel } from './trace-channel.ts';
import type { ConnectionLike } from './types.ts';

/**
 * Traces a connection of amqplib's promise or callback API: every channel and confirm channel that it creates from now on.
 *
 * With `connect(url, { recovery })`, wrap the result of `connect`: every connection that it opens from then on is traced before
 * `setup` gets it. The first one is opened before that, unless `waitForConnect` is false: wrap the argument of `setup` as well.
 *
 * @returns the same connection. A connection that is already traced is returned unchanged.
 * @throws MqtraceError `INVALID_CLIENT` if it is not a connection, `INVALID_OPTION`
 */
export function traceConnection<C extends ConnectionLike>(connection: C, options: TraceAmqplibOptions = {}): C {
  checkAmqplibOptions('traceConnection', options);
  checkClient('traceConnection', connection, ['createChannel', 'createConfirmChannel'], 'a connection of amqplib');
  const traced = traceOneConnection(connection, new Messaging('rabbitmq', 'traceConnection', options), options);
  if (traced) guard('looking for earlier channels', () => warnOfChannels(connection));
  return connection;
}

/**
 * Traces a connection with the options of what opened it. @internal
 *
 * @returns false if it was already traced.
 */
export function traceOneConnection(connection: object, messaging: Messaging, options: TraceAmqplibOptions): boolean {
  if (!claim(connection, 'traceConnection', options)) return false;
  let lag: QueueLag | undefined;
  for (const name of ['createChannel', 'createConfirmChannel']) {
    replaceMethod(connection, name, (raw) => {
      if (options.pollLag === true) lag ??= new QueueLag(connection, raw, messaging, options);
      return function createChannel(this: unknown, ...args: unknown[]): unknown {
        return makeChannel(raw, this, args, (channel) => {
          if (channel !== connection) traceOneChannel(channel, messaging, options, lag);
        });
      };
    });
  }
  guard('finding how a connection recovers', () => traceRecovery(connection, messaging, options));
  if (takesCallbacks(connection)) bindCallbacks(connection, ['close', 'updateSecret']);
  replaceMethod(
    connection,
    'emit',
    (raw) =>
      function emit(this: unknown, ...args: unknown[]): unknown {
        const [event, model] = args;
        if (event === 'connect' && typeof model === 'object' && model !== null) {
          guard('tracing a connection', () => traceOneConnection(model, messaging, options));
        } else if (event === 'close') {
          guard('closing a connection', () => lag?.close());
        }
        return Reflect.apply(raw, this, args);
      },
  );
  return true;
}

/** Makes a channel as the client does, and hands it to `trace` before the application gets it. @internal */
export function makeChannel(raw: Method, self: unknown, args: unknown[], trace: (channel: object) => void): unknown {
  const done = (channel: unknown): void => {
    if (typeof channel !== 'object' || channel === null || isTracedExplicitly(channel)) return;
    if (typeof (channel as { publish?: unknown }).publish === 'function') trace(channel);
  };
  const made = complete(raw, self, args, { where: 'tracing a channel', done });
  // The callback API returns the channel before it is open; calls on it wait until then.
  guard('tracing a channel', () => done(made));
  return made;
}

/** A recovering connection opens each connection by this method, and passes it to `setup` before it emits `'connect'`. */
function traceRecovery(connection: object, messaging: Messaging, options: TraceAmqplibOptions): void {
  const { _core: core } = connection as { _core?: object };
  if (typeof core !== 'object' || core === null) return;
  replaceMethod(
    core,
    '_openModel',
    (raw) =>
      function openModel(this: unknown, ...args: unknown[]): unknown {
        return observeResult(Reflect.apply(raw, this, args), (model) => {
          if (typeof model === 'object' && model !== null) traceOneConnection(model, messaging, options);
        });
      },
  );
}

let warned = false;

function warnOfChannels(connection: object): void {
  const count = openChannels(connection).filter((channel) => !isClaimed(channel)).length;
  if (count === 0 || warned) return;
  warned = true;
  warn(
    `traceConnection was given a connection that already has ${count} open channels; these are not traced. ` +
      'Call traceConnection right after connect(), or traceChannel for each of them; with recovery, call it in setup as well',
  );
}
