import type { CarrierAdapter } from './adapter.ts';
import { foldValues, readValue, sameName } from './limits.ts';

/** The fields of a Redis stream entry: names and values in turn, as `XADD` takes and `XRANGE` returns them. */
export type RedisFields = (string | Buffer)[];

/** How many field names of an entry are looked at, from its end, where trace fields are written. */
const fieldLimit = 1000;

/**
 * The fields of a Redis stream entry. They are the application's payload, and Redis keeps duplicate names: trace fields are
 * appended last, and only a trailing run of them, each once and in order, is ever replaced or hidden. The same names elsewhere
 * belong to the application.
 * They are read from anywhere, the last one counting, so that entries of other writers are understood.
 */
export const redisFields: CarrierAdapter<RedisFields> & {
  /** Where the trailing run of these names begins; the length of the fields where there is none. */
  trailingRun(fields: RedisFields, names: readonly string[]): number;
} = {
  name: 'redis',
  get(fields, key) {
    return foldValues(key.toLowerCase(), this.getAll(fields, key));
  },
  getAll(fields, key) {
    if (!Array.isArray(fields)) return [];
    const name = key.toLowerCase();
    const found: string[] = [];
    const end = fields.length - (fields.length % 2);
    for (let at = Math.max(0, end - 2 * fieldLimit); at < end; at += 2) {
      if (!isField(fields[at], name)) continue;
      const text = readValue(name, fields[at + 1]);
      if (text !== undefined) found.push(text);
    }
    return found;
  },
  keys(fields) {
    if (!Array.isArray(fields)) return [];
    const keys: string[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) keys.push(String(fields[at]));
    return keys;
  },
  set(fields, key, value) {
    fields.push(key, value);
  },
  copy(fields) {
    return Array.isArray(fields) ? fields.slice() : [];
  },
  remove(fields, names) {
    fields.length = this.trailingRun(fields, names);
  },
  trailingRun(fields, names) {
    let start = fields.length;
    if (start % 2 === 1) return start;
    // Propagators write in the order of their fields(). Holding the run to that order keeps an application's own field of such a
    // name, standing just before it, out of the run.
    for (let order = names.length - 1; order >= 0 && start >= 2; order--) {
      if (isField(fields[start - 2], names[order]!.toLowerCase())) start -= 2;
    }
    return start;
  },
};

function isField(field: unknown, lowerCaseName: string): boolean {
  if (typeof field === 'string') return sameName(field, lowerCaseName);
  if (!(field instanceof Uint8Array) || field.length !== lowerCaseName.length) return false;
  return Buffer.from(field.buffer, field.byteOffset, field.length).toString('latin1').toLowerCase() === lowerCaseName;
}
