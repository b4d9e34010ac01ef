// Creates consumer groups, and creates them again after they were deleted.
import { redisErrorType } from '../error-type.ts';
import type { ConsumerClient, StreamKey } from './client.ts';
import type { ConsumeSettings } from './options.ts';

/**
 * Creates the consumer group of each stream, and the stream, if they do not exist.
 *
 * @param seen - by stream, the position of the group: the last delivered entry, or the end of the stream if it started with new
 *   entries. The position of a re-created stream is removed.
 * @internal
 */
export async function createGroups(
  client: ConsumerClient,
  streams: readonly StreamKey[],
  { group, from }: ConsumeSettings,
  seen: Map<string, string>,
): Promise<void> {
  for (const { name, key } of streams) {
    const last = seen.get(name);
    let start = from;
    if (last !== undefined) {
      // A stream that was deleted and created again has other entries, with lower or higher ids. A group that starts at
      // the last one seen would never deliver those before it. If that entry was trimmed instead, all remaining entries
      // are after it.
      start = (await hasEntry(client, key, last)) ? last : '0';
      if (start === '0') seen.delete(name);
    }
    try {
      await client.xgroup('CREATE', key, group, start, 'MKSTREAM');
    } catch (error) {
      if (redisErrorType(error) !== 'BUSYGROUP') throw error;
    }
    if (from === '$' && !seen.has(name)) await notePosition(client, { name, key }, group, seen);
  }
}

/** Whether a stream has this entry. False if unknown: handling entries twice is better than losing them. */
async function hasEntry(client: ConsumerClient, key: StreamKey['key'], id: string): Promise<boolean> {
  try {
    const entries = await client.xrange(key, id, id);
    return Array.isArray(entries) && entries.length === 1;
  } catch (error) {
    if (redisErrorType(error) === 'NOPERM') return false;
    throw error;
  }
}

/**
 * The position of a group that starts with new entries: without it, a re-created group would miss entries that were added in the
 * meantime.
 */
async function notePosition(
  client: ConsumerClient,
  { name, key }: StreamKey,
  group: string,
  seen: Map<string, string>,
): Promise<void> {
  let groups: unknown;
  try {
    groups = await client.xinfo('GROUPS', key);
  } catch (error) {
    if (redisErrorType(error) === 'NOPERM') return;
    throw error;
  }
  for (const info of Array.isArray(groups) ? (groups as unknown[]) : []) {
    if (String(valueOf(info, 'name')) !== group) continue;
    const id = String(valueOf(info, 'last-delivered-id'));
    if (/^\d+-\d+$/.test(id)) seen.set(name, id);
  }
}

/** A reply to XINFO has alternating names and values, or is an object (`replyMapping: 'resp3'`). */
function valueOf(info: unknown, name: string): unknown {
  if (Array.isArray(info)) return info[info.findIndex((item) => String(item) === name) + 1];
  return typeof info === 'object' && info !== null ? (info as Record<string, unknown>)[name] : undefined;
}
