// Implements traceRedis(), which wraps an ioredis client.
import type { Context } from '@opentelemetry/api';
import {
  activeContext,
  bindToContext,
  checkClient,
  claim,
  guard,
  replaceMethod,
  runInContext,
} from '../messaging/index.ts';
import { Connection } from './connection.ts';
import { EarlierTransactions } from './earlier-transactions.ts';
import { traceByName } from './named-methods.ts';
import { checkRedisOptions, type TraceRedisOptions } from './options.ts';
import { addTraceFields, addTraceFieldsAgain, measuredOf, passedOnIn, wasPassedOnToCluster } from './passed-on.ts';
import { tracePipeline } from './pipeline.ts';
import { StreamTracing } from './state.ts';
import { StreamCall } from './stream-call.ts';
import { maybeStreamCommand, track, trackedOf } from './tracked-command.ts';
import { Transaction } from './transaction.ts';
import type { Client, Command, Pipeline, RedisLike } from './types.ts';

/**
 * Traces the stream commands of an ioredis client: XADD, XREAD, XREADGROUP, XCLAIM, XAUTOCLAIM and XACK, called in any way: with a
 * callback, as `xaddBuffer`, by `call()`, in a pipeline or a transaction, with autopipelining, and on clients created by
 * `duplicate()`. All other commands are passed on unchanged.
 *
 * An entry's trace context travels in fields after its own (`traceparent`, `tracestate`, `baggage`), which are removed from
 * replies, including those to XRANGE, XREVRANGE and XINFO STREAM.
 *
 * @param redis - a `Redis` or a `Cluster`. Methods of this object are replaced; its class is not changed. A client without
 *   `sendCommand`, such as a mock, is traced by the names of its stream methods.
 * @param options - see {@link TraceRedisOptions}.
 * @returns the same object. A client that is already traced is returned unchanged.
 * @throws MqtraceError `INVALID_CLIENT` if it is not an ioredis client, `INVALID_OPTION` for invalid options
 */
export function traceRedis<R extends RedisLike>(redis: R, options: TraceRedisOptions = {}): R {
  const mock = typeof (redis as Partial<RedisLike> | null)?.sendCommand !== 'function';
  const methods = mock ? ['xadd', 'xread'] : ['sendCommand', 'pipeline', 'multi', 'duplicate'];
  checkClient('traceRedis', redis, methods, 'an ioredis Redis or Cluster');
  checkRedisOptions('traceRedis', options);
  const tracing = new StreamTracing(options);
  if (claim(redis, 'traceRedis', options)) traceClient(redis, tracing);
  return redis;
}

/** How a client that is being made is traced: as its origin, which remembers received entries for both; false: not at all. */
let made: StreamTracing | false | undefined;

/** Creates clients that are traced in this way. @internal */
export function making<R>(how: StreamTracing | false, make: () => R): R {
  const before = made;
  made = how;
  try {
    return make();
  } finally {
    made = before;
  }
}

/** Traces a client that is being made, with the options of its origin if it is a duplicate. @internal */
export function traceNewClient(redis: object, options: TraceRedisOptions): void {
  if (made === false) return;
  const tracing = made ?? new StreamTracing(options);
  if (claim(redis, 'traceRedis', tracing.options)) traceClient(redis, tracing);
}

function traceClient(redis: object, tracing: StreamTracing): void {
  const connection = new Connection(tracing, redis as Client);
  traceDuplicates(redis, connection);
  if (typeof (redis as Partial<RedisLike>).sendCommand !== 'function') {
    traceByName(redis, connection);
    return;
  }
  traceCommands(redis, connection);
  tracePipelines(redis, connection);
  // A Cluster that is not ready delays autopipelined calls, which would otherwise lose their context.
  replaceMethod(
    redis,
    'delayUntilReady',
    (raw) =>
      function delayUntilReady(this: object, callback: () => void): unknown {
        return raw.call(this, bindToContext(activeContext(), callback));
      },
  );
}

function traceDuplicates(redis: object, connection: Connection): void {
  const { tracing } = connection;
  replaceMethod(redis, 'duplicate', (raw) => {
    connection.duplicate = (...args) => making(false, () => raw.apply(redis, args) as object);
    return function duplicate(this: object, ...args: unknown[]): unknown {
      const copy = making(tracing, () => raw.apply(this, args) as object);
      guard('tracing a duplicate', () => {
        if (claim(copy, 'traceRedis', tracing.options)) traceClient(copy, tracing);
      });
      return copy;
    };
  });
}

function tracePipelines(redis: object, connection: Connection): void {
  replaceMethod(
    redis,
    'pipeline',
    (raw) =>
      function pipeline(this: object, commands?: unknown): unknown {
        return traced(raw.call(this), commands);
      },
  );
  replaceMethod(
    redis,
    'multi',
    (raw) =>
      function multi(this: object, commands?: unknown, options?: unknown): unknown {
        return Array.isArray(commands)
          ? traced(raw.call(this, [], options), commands)
          : traced(raw.call(this, commands, options));
      },
  );
  /** The commands of the batch are added to the traced pipeline afterwards, so that they are traced. */
  function traced(made: unknown, batch?: unknown): unknown {
    const pipeline = made as Pipeline;
    if (pipeline.isPipeline !== true) return made;
    guard('tracing a Redis pipeline', () => tracePipeline(connection, pipeline));
    if (Array.isArray(batch)) pipeline.addBatch(batch);
    return made;
  }
}

/** Every command of a client, called in any way, is sent by this method. */
function traceCommands(redis: object, connection: Connection): void {
  let transaction: Transaction | undefined;
  const earlier = new EarlierTransactions();

  replaceMethod(
    redis,
    'sendCommand',
    (raw) =>
      function sendCommand(this: object, command: Command, stream?: unknown, node?: unknown): unknown {
        if (typeof (command as Command | undefined)?.name !== 'string') return raw.call(this, command, stream, node);
        if (!maybeStreamCommand(command)) {
          const isFollowed =
            stream === undefined ? transaction !== undefined || command.name === 'multi' : command.name === 'exec';
          if (isFollowed) follow(command, stream === undefined);
          return raw.call(this, command, stream, node);
        }
        const known = trackedOf(command);
        const earlierContext = known === undefined ? passedOnIn(command) : undefined;
        const isNew = known === undefined && earlierContext === undefined && !wasPassedOnToCluster(command);
        const single = stream === undefined && transaction === undefined;
        const tracked = isNew ? track(connection, command, single) : known;
        if (transaction !== undefined && stream === undefined && isNew) transaction.add(command);
        if (!(tracked instanceof StreamCall)) {
          const given =
            earlierContext === undefined
              ? addTraceFields(command, tracked)
              : addTraceFieldsAgain(command, connection.tracing.messaging, earlierContext);
          const isConnecting = connection.client.status === 'wait';
          try {
            return raw.call(this, command, stream, node);
          } catch (error) {
            if (!isConnecting) measuredOf(command)?.fail(error);
            throw error;
          } finally {
            if (given !== undefined) command.args = given;
          }
        }
        if (known === undefined && stream !== undefined) earlier.add(command, tracked);
        const context = tracked.send(command);
        // Connecting is not part of the operation: its listeners would keep the context for the lifetime of the connection.
        const isConnecting = connection.client.status === 'wait';
        try {
          if (isConnecting || context === activeContext()) return raw.call(this, command, stream, node);
          return sendIn(context, raw, this, command, stream, node);
        } catch (error) {
          if (!isConnecting) tracked.fail(error);
          throw error;
        } finally {
          tracked.written(command);
        }
      },
  );

  function follow(command: Command, single: boolean): void {
    guard('tracing a Redis transaction', () => (single ? followSingle(command) : earlier.exec(command)));
  }

  /** Records the start, the end and the commands of a transaction of single commands. */
  function followSingle(command: Command): void {
    const { name } = command;
    if (transaction === undefined) {
      if (name !== 'multi' || command.inTransaction) return;
      const begun: Transaction = new Transaction(connection.client, command, () => {
        if (transaction === begun) transaction = undefined;
      });
      transaction = begun;
    } else if (name === 'exec' || name === 'discard') {
      transaction[name](command);
    } else if (name !== 'multi') {
      transaction.add(command);
    }
  }
}

/** A function of its own, because a closure in `sendCommand` would cost an allocation for every command of any name. */
function sendIn(
  context: Context,
  raw: (...args: unknown[]) => unknown,
  self: object,
  command: Command,
  stream: unknown,
  node: unknown,
): unknown {
  return runInContext(context, () => raw.call(self, command, stream, node));
}
