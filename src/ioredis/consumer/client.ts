// Creates and ends the client of a consumer.
import { types } from 'node:util';
import { connectionClosed } from '../error-type.ts';
import type { Client, Command, RedisLike } from '../types.ts';
import type { ConsumeSettings } from './options.ts';

type Argument = string | number | Buffer;

/** The part of its client that a consumer uses. @internal */
export interface ConsumerClient extends Client {
  xgroup(...args: Argument[]): Promise<unknown>;
  xinfo(...args: Argument[]): Promise<unknown>;
  xrange(...args: Argument[]): Promise<unknown>;
  xreadgroupBuffer(...args: Argument[]): Promise<unknown>;
  xautoclaimBuffer(...args: Argument[]): Promise<unknown>;
  xack(...args: Argument[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[unknown, unknown][] | null> };
  disconnect(): void;
}

/**
 * A command timeout would end a blocking read, and lose the entries that Redis delivers to it. The consumer waits while the
 * connection is lost.
 */
const connection = {
  commandTimeout: undefined,
  socketTimeout: undefined,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
};

/**
 * A separate client for the consumer, because a blocking read delays every other command of its connection. It has no `keyPrefix`: not
 * every version of ioredis adds it to the keys of XGROUP and XINFO.
 *
 * @internal
 */
export function consumerClient(redis: RedisLike): RedisLike {
  const client = redis as unknown as Client & {
    duplicate(...args: unknown[]): RedisLike;
  };
  return client.isCluster
    ? client.duplicate([], { enableAutoPipelining: false, keyPrefix: '', redisOptions: connection })
    : client.duplicate({ enableAutoPipelining: false, keyPrefix: '', ...connection });
}

/** A stream: its given name, and its key in Redis. @internal */
export interface StreamKey {
  readonly name: string;
  readonly key: string | Buffer;
}

/** The keys of streams in Redis: their names after the client's `keyPrefix`. @internal */
export function streamKeys(redis: RedisLike, names: readonly string[]): StreamKey[] {
  const keyPrefix = (redis as unknown as Client).options?.keyPrefix;
  return names.map((name) => {
    if (types.isUint8Array(keyPrefix)) return { name, key: Buffer.concat([keyPrefix, Buffer.from(name)]) };
    return { name, key: typeof keyPrefix === 'string' ? keyPrefix + name : name };
  });
}

/** A queue of commands that wait for a connection, as ioredis keeps it. */
interface Queue {
  shift(): { command: Command } | undefined;
}

/** Ends a client permanently, and rejects every command that waits for its connection. @internal */
export function endClient(client: ConsumerClient): void {
  const reconnecting = client.status === 'reconnecting';
  client.disconnect();
  if (!reconnecting) return;
  // disconnect() cancels the reconnection, and ioredis then never settles the commands that wait for it.
  const { prevCommandQueue, offlineQueue } = client as unknown as Record<string, Queue | null | undefined>;
  for (const queue of [prevCommandQueue, offlineQueue]) {
    if (typeof queue?.shift !== 'function') continue;
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      item.command.reject(new Error(connectionClosed));
    }
  }
}

/** The number of deliveries of each of these entries; undefined where Redis does not return it. @internal */
export async function deliveriesOf(
  client: ConsumerClient,
  { group }: ConsumeSettings,
  { key }: StreamKey,
  ids: readonly string[],
): Promise<(number | undefined)[]> {
  const replies = await client.pipeline(ids.map((id) => ['xpending', key, group, id, id, 1])).exec();
  return ids.map((_, at) => {
    const [, pending] = replies?.[at] ?? [];
    const count = Array.isArray(pending) && Array.isArray(pending[0]) ? Number(pending[0][3]) : Number.NaN;
    return Number.isSafeInteger(count) ? count : undefined;
  });
}
