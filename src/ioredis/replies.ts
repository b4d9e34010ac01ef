// The shapes of replies that hold stream entries. Pure functions on what ioredis returns; nothing is changed.

import { types } from 'node:util';

/** An entry within a reply, of the shape `[id, fields]`, and its stream. @internal */
export interface ReplyEntry {
  entry: unknown[];
  stream: string;
}

/**
 * The streams of an XREAD or XREADGROUP reply with the list of entries of each; undefined where the reply has none of its shapes:
 * pairs (RESP2, and RESP3 in ioredis' default mapping), an object by stream (`replyMapping: 'resp3'`), or streams and entries in turn
 * (RESP3 within EXEC of `multi({ pipeline: false })`, and by `call('XREAD')`).
 *
 * @internal
 */
export function streamsOfRead(reply: unknown): [stream: unknown, entries: unknown][] | undefined {
  if (typeof reply !== 'object' || reply === null) return undefined;
  if (!Array.isArray(reply)) return Object.entries(reply);
  const [first] = reply as unknown[];
  if (Array.isArray(first)) {
    return reply.every((pair) => Array.isArray(pair)) ? (reply as [unknown, unknown][]) : undefined;
  }
  if (typeof first !== 'string' && !types.isUint8Array(first)) return undefined;
  const streams: [unknown, unknown][] = [];
  for (let at = 0; at < reply.length; at += 2) streams.push([reply[at], reply[at + 1]]);
  return streams;
}

/** The entries of an XREAD or XREADGROUP reply. @internal */
export function entriesOfRead(reply: unknown): ReplyEntry[] {
  const found: ReplyEntry[] = [];
  for (const [stream, entries] of streamsOfRead(reply) ?? []) addEntries(found, stream, entries);
  return found;
}

/** The entries of a reply that is a list of them: XCLAIM's, XRANGE's and XREVRANGE's. None with JUSTID. @internal */
export function entriesOfClaim(reply: unknown, stream: string): ReplyEntry[] {
  const found: ReplyEntry[] = [];
  addEntries(found, stream, reply);
  return found;
}

/** The part of XAUTOCLAIM's reply that has the form of XCLAIM's. @internal */
export function claimedByXautoclaim(reply: unknown): unknown {
  return Array.isArray(reply) ? reply[1] : undefined;
}

/** How many messages a claim with JUSTID returned. @internal */
export function countOfIds(reply: unknown): number {
  return Array.isArray(reply) ? reply.filter((id) => typeof id === 'string' || types.isUint8Array(id)).length : 0;
}

/**
 * The entries of an XINFO STREAM reply, which has names and values in turn, or is an object (`replyMapping: 'resp3'`).
 *
 * @internal
 */
export function entriesOfStreamInfo(reply: unknown, stream: string): ReplyEntry[] {
  const found: ReplyEntry[] = [];
  const add = (name: unknown, value: unknown): void => {
    switch (String(name)) {
      case 'first-entry':
      case 'last-entry':
        addEntries(found, stream, [value]);
        break;
      case 'entries':
        addEntries(found, stream, value);
        break;
      default:
    }
  };
  if (Array.isArray(reply)) {
    for (let at = 0; at + 1 < reply.length; at += 2) add(reply[at], reply[at + 1]);
  } else if (typeof reply === 'object' && reply !== null) {
    for (const [name, value] of Object.entries(reply)) add(name, value);
  }
  return found;
}

function addEntries(found: ReplyEntry[], stream: unknown, entries: unknown): void {
  if (!Array.isArray(entries)) return;
  const name = String(stream);
  for (const entry of entries) {
    // Redis before 7.0 returns nil for a claimed entry that was deleted.
    if (Array.isArray(entry)) found.push({ entry, stream: name });
  }
}
