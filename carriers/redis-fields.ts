// Carrier for trace headers among the fields of a Redis stream entry.
import { types } from 'node:util';
import type { CarrierAdapter } from './adapter.ts';
import { safeReader } from './safe-reader.ts';
import { bytesOfJson, effectiveValue, headerRepeatLimit, allValues, isSameName } from './limits.ts';
import { isHeaderMap } from './map-headers.ts';

/** The fields of a Redis stream entry: alternating names and values, as `XADD` accepts and `XRANGE` returns them. */
export type RedisFields = (string | Buffer)[];

interface RedisFieldsAdapter extends CarrierAdapter<RedisFields> {
  /** The start of the trailing run of these names; the length of the fields if there is none. */
  trailingRun(fields: RedisFields, names: readonly string[]): number;
}

/** The number of field names that are searched, from the end of the entry, where trace fields are written. */
const fieldLimit = 500;
/** The length limit of names that were converted to JSON. No header has a longer name. */
const nameLimit = 256;

/**
 * The fields of a Redis stream entry. The fields are the application's payload, and Redis keeps duplicate names. So trace fields
 * are appended last, and only a trailing run of them, each once and in order, is replaced or hidden. The same names elsewhere
 * belong to the application. Trace fields are read at any position, and the last one is used, so that entries of other writers are
 * understood. Fields in an object or a Map, as other clients return them, are read as well; a copy of them is such a list.
 */
export const redisFields: RedisFieldsAdapter = safeReader<RedisFields, RedisFieldsAdapter>({
  name: 'redis',
  get(fields, key) {
    const name = key.toLowerCase();
    return effectiveValue(name, valuesOf(fields, name));
  },
  getAll(fields, key) {
    const name = key.toLowerCase();
    return allValues(name, valuesOf(fields, name));
  },
  keys(given) {
    const fields = listOf(given);
    const keys: string[] = [];
    const end = fields.length - (fields.length % 2);
    for (let at = Math.max(0, end - 2 * fieldLimit); at < end; at += 2) keys.push(nameOf(fields[at]));
    return keys;
  },
  set(fields, key, value) {
    fields.push(key, value);
  },
  copy(fields) {
    return Array.isArray(fields) ? fields.slice() : listOf(fields);
  },
  remove(fields, names) {
    fields.length = trailingRun(fields, names);
  },
  trailingRun,
});

function trailingRun(fields: RedisFields, names: readonly string[]): number {
  let start = fields.length;
  if (start % 2 === 1) return start;
  // Propagators write in the order of their fields(). Requiring that order excludes an application's own field with such a name
  // that precedes the run.
  for (let order = names.length - 1; order >= 0 && start >= 2; order--) {
    const name = names[order]!.toLowerCase();
    do {
      if (!isField(fields[start - 2], name)) break;
      start -= 2;
    } while (name.endsWith('*') && start >= 2);
  }
  return start;
}

/** The fields as a list; an empty list for any other value. */
function listOf(fields: unknown): RedisFields {
  if (Array.isArray(fields)) return fields as RedisFields;
  if (typeof fields !== 'object' || fields === null) return [];
  const pairs: Iterable<readonly [unknown, unknown]> = isHeaderMap(fields) ? fields : Object.entries(fields);
  const list: unknown[] = [];
  for (const [name, value] of pairs) list.push(name, value);
  return list as RedisFields;
}

/** The values of one field in order; only the last ones if there are too many. */
function valuesOf(given: RedisFields, lowerCaseName: string): unknown[] {
  const fields = listOf(given);
  const found: unknown[] = [];
  const end = fields.length - (fields.length % 2);
  const first = Math.max(0, end - 2 * fieldLimit);
  for (let at = end - 2; at >= first && found.length < headerRepeatLimit; at -= 2) {
    if (isField(fields[at], lowerCaseName)) found.push(fields[at + 1]);
  }
  return found.reverse();
}

function isField(field: unknown, lowerCaseName: string): boolean {
  if (typeof field === 'string') return isSameName(field, lowerCaseName);
  if (!types.isUint8Array(field)) return isSameName(nameOf(field), lowerCaseName);
  const prefix = lowerCaseName.endsWith('*');
  const length = lowerCaseName.length - (prefix ? 1 : 0);
  if (prefix ? field.length < length : field.length !== length) return false;
  // Compares bytes with the case bit set, so that a name is decoded only if it may match.
  for (let at = 0; at < length; at++) {
    if ((field[at]! | 0x20) !== (lowerCaseName.charCodeAt(at) | 0x20)) return false;
  }
  return isSameName(nameOf(field.subarray(0, length)), prefix ? lowerCaseName.slice(0, -1) : lowerCaseName);
}

function nameOf(field: unknown): string {
  if (typeof field === 'string') return field;
  if (typeof field !== 'object') return '';
  if (!types.isUint8Array(field)) return Buffer.from(bytesOfJson(field, nameLimit) ?? []).toString('utf8');
  return Buffer.from(field.buffer, field.byteOffset, field.length).toString('utf8');
}
