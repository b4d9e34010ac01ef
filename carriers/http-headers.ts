// Carrier for HTTP headers, in the types of Node and of the Fetch API.
import type { CarrierAdapter } from './adapter.ts';
import { safeReader } from './safe-reader.ts';
import { isListHeader, joinList, allValues, readValue, isSameName } from './limits.ts';
import { countDroppedHeader } from './dropped-headers.ts';
import { isHeaderRecord, recordCopy, recordKeys, recordRemove, recordSet, recordWalk } from './record.ts';

type HeadersClass = new (pairs: [string, string][]) => Headers;

/** Node's `IncomingHttpHeaders` and `OutgoingHttpHeaders`, or the web's `Headers`. */
export type HttpHeaders = Headers | { [name: string]: string | string[] | number | undefined };

/**
 * HTTP headers. Names are case-insensitive. Node joins a repeated `traceparent` with `, `. By the W3C specification different
 * values start a new trace, so they are passed to the propagator unchanged, which rejects them as malformed. Equal values count
 * once.
 */
export const httpHeaders: CarrierAdapter<HttpHeaders> = safeReader<HttpHeaders>({
  name: 'http',
  get(headers, key) {
    const name = key.toLowerCase();
    const values = readHttp(headers, key);
    if (isListHeader(name)) return joinList(name, values);
    if (values.length === 1 && !values[0]!.includes(',')) return values[0];
    const parts = values.flatMap((value) => value.split(',')).map((part) => part.trim());
    const first = parts[0];
    return parts.every((part) => part === first) ? first : readValue(name, values.join(', '));
  },
  getAll: readHttp,
  keys(headers) {
    if (isWebHeaders(headers)) return [...headers.keys()];
    return isHeaderRecord(headers) ? recordKeys(headers, true) : [];
  },
  set(headers, key, value) {
    if (!isWebHeaders(headers)) return recordSet(headers, key, value);
    try {
      headers.set(key, value);
    } catch {
      countDroppedHeader('header-invalid');
    }
  },
  copy(headers) {
    if (!isWebHeaders(headers)) return recordCopy(headers, true);
    const { Headers: known } = globalThis as { Headers?: HeadersClass };
    return new (known ?? (headers.constructor as HeadersClass))([...headers]);
  },
  remove(headers, names) {
    if (!isWebHeaders(headers)) return recordRemove(headers, names);
    const lowerCaseNames = names.map((name) => name.toLowerCase());
    const found = [...headers.keys()].filter((key) => lowerCaseNames.some((name) => isSameName(key, name)));
    for (const key of found) headers.delete(key);
  },
});

function readHttp(headers: HttpHeaders, key: string): string[] {
  if (isWebHeaders(headers)) {
    try {
      return allValues(key.toLowerCase(), [headers.get(key)]);
    } catch {
      // Headers cannot contain a name that HTTP does not allow.
      return [];
    }
  }
  return isHeaderRecord(headers) ? recordWalk(headers, key) : [];
}

/**
 * Recognized by its methods: `Headers` of a polyfill, or of another copy of undici, are not instances of the global class, and
 * there may be no global class. @internal
 */
export function isWebHeaders(headers: unknown): headers is Headers {
  if (typeof headers !== 'object' || headers === null) return false;
  const { get, set, append, delete: remove } = headers as Partial<Record<string, unknown>>;
  return [get, set, append, remove].every((method) => typeof method === 'function');
}
