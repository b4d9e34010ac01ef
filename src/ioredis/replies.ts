// Parses replies with stream entries, in all shapes of ioredis. Pure functions that change nothing.

import { types } from 'node:util';

/** The entries of one stream in a reply, each of the shape `[id, fields]`. @internal */
export interface StreamEntries {
  readonly stream: string;
  readonly entries: readonly unknown[][];
}

/**
 * The streams of an XREAD or XREADGROUP reply with the list of entries of each; undefined if the reply has another shape: pairs
 * (RESP2, and RESP3 in ioredis' default mapping), an object by stream (`replyMapping: 'resp3'`), or alternating streams and entries
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
export function entriesOfRead(reply: unknown): StreamEntries[] {
  const found: StreamEntries[] = [];
  for (const [stream, entries] of streamsOfRead(reply) ?? []) found.push(entriesOfList(entries, String(stream)));
  return found;
}

/**
 * The entries of a reply that is a list of them: XCLAIM's, XRANGE's and XREVRANGE's. None with JUSTID. Redis before 7.0 returns nil for
 * a claimed entry that was deleted.
 *
 * @internal
 */
export function entriesOfList(list: unknown, stream: string): StreamEntries {
  if (!Array.isArray(list)) return { stream, entries: [] };
  return { stream, entries: list.every(isEntry) ? list : list.filter(isEntry) };
}

function isEntry(entry: unknown): entry is unknown[] {
  return Array.isArray(entry);
}

/** The part of XAUTOCLAIM's reply that has the form of XCLAIM's. @internal */
export function claimedByXautoclaim(reply: unknown): unknown {
  return Array.isArray(reply) ? reply[1] : undefined;
}

/** The number of messages that a claim with JUSTID returned. @internal */
export function countOfIds(reply: unknown): number {
  return Array.isArray(reply) ? reply.filter((id) => typeof id === 'string' || types.isUint8Array(id)).length : 0;
}

/**
 * The entries of an XINFO STREAM reply, which has alternating names and values, or is an object (`replyMapping: 'resp3'`).
 *
 * @internal
 */
export function entriesOfStreamInfo(reply: unknown, stream: string): StreamEntries {
  const entries: unknown[][] = [];
  const add = (name: unknown, value: unknown): void => {
    switch (String(name)) {
      case 'first-entry':
      case 'last-entry':
        entries.push(...entriesOfList([value], stream).entries);
        break;
      case 'entries':
        entries.push(...entriesOfList(value, stream).entries);
        break;
      default:
    }
  };
  if (Array.isArray(reply)) {
    for (let at = 0; at + 1 < reply.length; at += 2) add(reply[at], reply[at + 1]);
  } else if (typeof reply === 'object' && reply !== null) {
    for (const [name, value] of Object.entries(reply)) add(name, value);
  }
  return { stream, entries };
}
