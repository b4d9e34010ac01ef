import type { CarrierAdapter } from './adapter.ts';
import { foldValues, isListHeader, readValue } from './limits.ts';
import { isRecord, recordCopy, recordGetAll, recordKeys, recordRemove, recordSet } from './record.ts';

/** Node's `IncomingHttpHeaders` and `OutgoingHttpHeaders`, or the web's `Headers`. */
export type HttpHeaders = Headers | { [name: string]: string | string[] | number | undefined };

/**
 * HTTP headers. Node joins a repeated `traceparent` with `, `; W3C's rule for it is that different values start a new trace, so
 * they are given to the propagator as they are, which finds them malformed. Equal values count once.
 */
export const httpHeaders: CarrierAdapter<HttpHeaders> = {
  name: 'http',
  get(headers, key) {
    const name = key.toLowerCase();
    const values = this.getAll(headers, name);
    if (isListHeader(name)) return foldValues(name, values);
    const parts = values
      .flatMap((value) => (value.includes(',') ? value.split(',') : [value]))
      .map((part) => part.trim());
    const first = parts[0];
    return parts.every((part) => part === first) ? first : readValue(name, values.join(', '));
  },
  getAll(headers, key) {
    if (headers instanceof Headers) {
      const value = readValue(key.toLowerCase(), headers.get(key));
      return value === undefined ? [] : [value];
    }
    return isRecord(headers) ? recordGetAll(headers, key, true) : [];
  },
  keys(headers) {
    if (headers instanceof Headers) return [...headers.keys()];
    return isRecord(headers) ? recordKeys(headers, true) : [];
  },
  set(headers, key, value) {
    if (headers instanceof Headers) headers.set(key, value);
    else recordSet(headers, key, value);
  },
  copy(headers) {
    return headers instanceof Headers ? new Headers(headers) : recordCopy(headers, true);
  },
  remove(headers, names) {
    if (headers instanceof Headers) for (const name of names) headers.delete(name);
    else recordRemove(headers, names);
  },
};
