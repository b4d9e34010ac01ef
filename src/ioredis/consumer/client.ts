import type { EventEmitter } from 'node:events';
import { guard } from '../../messaging/index.ts';
import type { ConsumeSettings } from './options.ts';
import { connectionClosed } from '../error-type.ts';
import { traceRedis } from '../trace-redis.ts';
import type { Client, Command, RedisLike } from '../types.ts';

/** What a consumer uses of its client. @internal */
export interface ConsumerClient extends Client, Pick<EventEmitter, 'on'> {
  xgroup(...args: string[]): Promise<unknown>;
  xreadgroupBuffer(...args: (string | number)[]): Promise<unknown>;
  xautoclaimBuffer(...args: (string | number)[]): Promise<unknown>;
  xack(stream: string, group: string, id: string): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[unknown, unknown][] | null> };
  disconnect(): void;
}

/** Time limits would end a read that waits as asked, and lose what Redis delivers to it; a lost connection is waited for. */
const connection = {
  commandTimeout: undefined,
  socketTimeout: undefined,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
};

/** A client of the consumer's own, traced, since a read that waits holds up every other command of its connection. @internal */
export function consumerClient(redis: RedisLike): ConsumerClient {
  const client = redis as unknown as Client & {
    duplicate(...args: unknown[]): RedisLike;
  };
  const duplicate = client.isCluster
    ? client.duplicate([], { enableAutoPipelining: false, redisOptions: connection })
    : client.duplicate({ enableAutoPipelining: false, ...connection });
  return traceRedis(duplicate) as unknown as ConsumerClient;
}

/** What waits for a connection, as ioredis keeps it. */
interface Queue {
  shift(): { command: Command } | undefined;
}

/** Ends a client for good, and everything that waits for it. @internal */
export function endClient(client: ConsumerClient): void {
  const reconnecting = client.status === 'reconnecting';
  client.disconnect();
  if (!reconnecting) return;
  // ioredis calls the reconnection off and forgets what waits for it.
  guard('ending a consumer', () => {
    const { prevCommandQueue, offlineQueue } = client as unknown as Record<string, Queue | null | undefined>;
    for (const queue of [prevCommandQueue, offlineQueue]) {
      for (let item = queue?.shift(); item !== undefined; item = queue?.shift()) {
        item.command.reject(new Error(connectionClosed));
      }
    }
  });
}

/** How often each of these entries was delivered; undefined where Redis does not tell. @internal */
export async function deliveriesOf(
  client: ConsumerClient,
  { group }: ConsumeSettings,
  stream: string,
  ids: readonly string[],
): Promise<(number | undefined)[]> {
  const replies = await client.pipeline(ids.map((id) => ['xpending', stream, group, id, id, 1])).exec();
  return ids.map((_, at) => {
    const [, pending] = replies?.[at] ?? [];
    const count = Array.isArray(pending) && Array.isArray(pending[0]) ? Number(pending[0][3]) : Number.NaN;
    return Number.isSafeInteger(count) ? count : undefined;
  });
}
