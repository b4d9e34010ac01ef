// Parses the stream entries in replies to a consumer.
import { types } from 'node:util';
import { streamsOfRead } from '../replies.ts';
import type { StreamKey } from './client.ts';
import type { StreamMessage } from './options.ts';

/** One entry that was delivered to a consumer. @internal */
export interface DeliveredEntry {
  readonly stream: StreamKey;
  readonly id: string;
  /** Alternating names and values; null if the entry was trimmed or deleted. */
  readonly fields: readonly Buffer[] | null;
  /** The entry as the client returned it. */
  readonly source: unknown[];
}

/** The entries of one reply, and the number of invalid parts, which are neither handled nor acknowledged. @internal */
export interface Delivered {
  readonly entries: DeliveredEntry[];
  readonly notUnderstood: number;
}

/**
 * The entries of an XREADGROUP reply. Only null means that there are none; Redis has no other reply for it.
 *
 * @param keys - the streams that were read.
 * @internal
 */
export function deliveredByRead(reply: unknown, keys: readonly StreamKey[]): Delivered {
  const entries: DeliveredEntry[] = [];
  if (reply === null) return { entries, notUnderstood: 0 };
  const streams = streamsOfRead(reply) ?? [];
  let notUnderstood = streams.length === 0 ? 1 : 0;
  for (const [name, list] of streams) {
    const stream = keys.find(({ key }) => String(key) === String(name));
    notUnderstood += stream === undefined ? 1 : addEntries(entries, stream, list);
  }
  return { entries, notUnderstood };
}

/** The entries of a list as XAUTOCLAIM returns it. @internal */
export function deliveredByClaim(list: unknown, stream: StreamKey): Delivered {
  const entries: DeliveredEntry[] = [];
  return { notUnderstood: addEntries(entries, stream, list), entries };
}

/** Adds the entries of a list; returns the number of invalid ones. */
function addEntries(entries: DeliveredEntry[], stream: StreamKey, list: unknown): number {
  if (!Array.isArray(list)) return 1;
  let notUnderstood = 0;
  for (const source of list as unknown[]) {
    // Redis before 7.0 returns a claimed entry that was deleted as nil. It cannot be acknowledged without its id.
    if (source === null) continue;
    const entry = Array.isArray(source) ? entryOf(stream, source) : undefined;
    if (entry === undefined) notUnderstood++;
    else entries.push(entry);
  }
  return notUnderstood;
}

function entryOf(stream: StreamKey, source: unknown[]): DeliveredEntry | undefined {
  const id = String(source[0]);
  if (!/^\d+-\d+$/.test(id)) return undefined;
  const given = source[1];
  if (given === null) return { stream, id, fields: null, source };
  if (!Array.isArray(given) || given.length % 2 !== 0) return undefined;
  const fields: Buffer[] = [];
  for (const part of given as unknown[]) {
    if (types.isUint8Array(part)) fields.push(Buffer.isBuffer(part) ? part : Buffer.from(part));
    else if (typeof part === 'string') fields.push(Buffer.from(part));
    else return undefined;
  }
  return { stream, id, fields, source };
}

/** The message that a handler gets; undefined for an entry that was trimmed or deleted. @internal */
export function messageOf(
  { id, stream, fields: raw }: DeliveredEntry,
  deliveryAttempt: number | undefined,
): StreamMessage | undefined {
  if (raw === null) return undefined;
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toString();
    const value = raw[at + 1]!.toString();
    // An assignment would change the prototype.
    if (name === '__proto__') defineField(fields, name, value);
    else fields[name] = value;
  }
  return { id, stream: stream.name, fields, raw, deliveryAttempt };
}

function defineField(fields: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(fields, name, { value, configurable: true, enumerable: true, writable: true });
}

/** Negative if the first id is lower, 0 if they are equal. @internal */
export function compareIds(one: string, other: string): number {
  const [ms, count = '0'] = one.split('-');
  const [otherMs, otherCount = '0'] = other.split('-');
  const difference = BigInt(ms!) - BigInt(otherMs!) || BigInt(count) - BigInt(otherCount);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
