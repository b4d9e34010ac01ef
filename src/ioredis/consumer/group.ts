// Consumer groups.
import { redisErrorType } from '../error-type.ts';
import type { ConsumerClient, StreamKey } from './client.ts';
import { compareIds } from './entries.ts';
import type { ConsumeSettings } from './options.ts';

/**
 * Creates the consumer group of each stream where it does not exist, and the stream with it.
 *
 * @param seen - by stream, the last entry that was delivered before the group was lost. A stream that was created again is removed.
 * @internal
 */
export async function makeGroups(
  client: ConsumerClient,
  streams: readonly StreamKey[],
  { group, from }: ConsumeSettings,
  seen: Map<string, string>,
): Promise<void> {
  for (const { name, key } of streams) {
    const last = seen.get(name);
    let start = from;
    if (last !== undefined) {
      // A stream that was deleted and created again may have lower ids, which a group that starts at the last one would never deliver.
      start = (await isAtLeast(client, key, last)) ? last : '0';
      if (start === '0') seen.delete(name);
    }
    try {
      await client.xgroup('CREATE', key, group, start, 'MKSTREAM');
    } catch (error) {
      if (redisErrorType(error) !== 'BUSYGROUP') throw error;
    }
  }
}

/** Whether a stream exists and has reached this id. False where it is not known: handling entries twice is better than losing them. */
async function isAtLeast(client: ConsumerClient, key: StreamKey['key'], id: string): Promise<boolean> {
  let info: unknown;
  try {
    info = await client.xinfo('STREAM', key);
  } catch (error) {
    const type = redisErrorType(error);
    if (type === 'ERR' || type === 'NOPERM') return false;
    throw error;
  }
  const last = String(lastGeneratedId(info));
  return /^\d+-\d+$/.test(last) && compareIds(last, id) >= 0;
}

/** The reply to XINFO STREAM has names and values in turn, or is an object (`replyMapping: 'resp3'`). */
function lastGeneratedId(info: unknown): unknown {
  const name = 'last-generated-id';
  if (Array.isArray(info)) return info[info.findIndex((item) => String(item) === name) + 1];
  return typeof info === 'object' && info !== null ? (info as Record<string, unknown>)[name] : undefined;
}
