// Traces the clients that ioredis creates, for applications that do not wrap them.
import { guard, isAutoInstrumented, isClaimed, replaceClassMethod, stepAside } from '../messaging/index.ts';
import type { TraceRedisOptions } from './options.ts';
import { making, traceNewClient } from './trace-redis.ts';

/** Clients that have been seen: one that was not traced when it was created stays untraced when it reconnects. */
const seen = new WeakSet<object>();

/** Leaves the clients that are created in this call untraced: a library has them for its own use. @internal */
export function leaveUntraced<R>(make: () => R): R {
  return making(false, make);
}

/**
 * Traces clients when they are created, including those that a Cluster or `duplicate()` creates. Every constructor ends with a call of
 * `setStatus`, which is replaced here. The exported classes are unchanged, so that `instanceof` and subclasses work as before.
 *
 * @param client - the class: `Redis` or `Cluster`.
 * @param current - the options with which clients are currently traced; undefined while they are not traced.
 * @param node - for a Cluster, the class of its nodes: an instrumentation patches that class, not the Cluster.
 * @internal
 */
export function traceRedisClass(
  client: { prototype: object },
  current: () => TraceRedisOptions | undefined,
  node: () => { prototype: object } | undefined = () => undefined,
): void {
  const trace = (redis: object): void => {
    if (seen.has(redis)) return;
    seen.add(redis);
    const options = current();
    if (options === undefined || isClaimed(redis)) return;
    const patched = [redis, node()?.prototype].some((each) => each && isAutoInstrumented(each, 'sendCommand'));
    if (patched) stepAside('ioredis');
    else traceNewClient(redis, options);
  };
  replaceClassMethod(
    client.prototype,
    'setStatus',
    (raw) =>
      function setStatus(this: object, ...args: unknown[]): unknown {
        guard('tracing a Redis client', () => trace(this));
        return raw.apply(this, args);
      },
  );
}
