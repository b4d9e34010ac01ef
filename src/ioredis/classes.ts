// Traces all clients of an ioredis, for applications that do not wrap them.
import { guard, isAutoInstrumented, isClaimed, replaceClassMethod, stepAside } from '../messaging/index.ts';
import type { TraceRedisOptions } from './options.ts';
import { traceNewClient } from './trace-redis.ts';

/** Clients that were met: what was left alone when it was made stays so when it connects again. */
const met = new WeakSet<object>();

/**
 * Lets clients be traced as they are made, also those that a Cluster and `duplicate()` make. Every constructor sets the client's first
 * status as its last step, through this method; the exported classes stay what they are, for `instanceof` and subclasses.
 *
 * @param client - the class: `Redis` or `Cluster`.
 * @param current - with which options clients are traced now; undefined while they are not.
 * @param node - for a Cluster, the class of its nodes, by which an instrumentation of it is told.
 * @internal
 */
export function traceRedisClass(
  client: { prototype: object },
  current: () => TraceRedisOptions | undefined,
  node: () => { prototype: object } | undefined = () => undefined,
): void {
  const trace = (redis: object): void => {
    if (met.has(redis)) return;
    met.add(redis);
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
