import { foldValues, headerNameLimit, readValue, sameName } from './limits.ts';

/** Headers kept as the properties of an object; what differs between formats are its values. @internal */
export type HeaderRecord = Record<string, unknown>;

/** Repeats beyond this many are not read: no propagator's header needs them. */
const repeatLimit = 64;

/** Every value of one header as text, in order. Keys are walked with `for in`, as the clients encode them. @internal */
export function recordGetAll(headers: HeaderRecord, key: string, ownOnly: boolean): string[] {
  const name = key.toLowerCase();
  const found: string[] = [];
  let seen = 0;
  for (const candidate in headers) {
    if (++seen > headerNameLimit) break;
    if (!sameName(candidate, name)) continue;
    if (ownOnly && !Object.hasOwn(headers, candidate)) continue;
    const value = headers[candidate];
    if (!Array.isArray(value)) {
      const text = readValue(name, value);
      if (text !== undefined) found.push(text);
      continue;
    }
    for (const item of value.slice(-repeatLimit)) {
      const text = readValue(name, item);
      if (text !== undefined) found.push(text);
    }
  }
  return found;
}

/** @internal */
export function recordGet(headers: HeaderRecord, key: string, ownOnly: boolean): string | undefined {
  return foldValues(key.toLowerCase(), recordGetAll(headers, key, ownOnly));
}

/** @internal */
export function recordKeys(headers: HeaderRecord, ownOnly: boolean): string[] {
  if (ownOnly) return Object.keys(headers);
  const keys: string[] = [];
  for (const key in headers) keys.push(key);
  return keys;
}

/** A plain assignment of `__proto__` would change the prototype instead of adding a header. @internal */
export function recordSet(headers: HeaderRecord, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(headers, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    headers[key] = value;
  }
}

/** @internal */
export function recordCopy<H extends HeaderRecord>(headers: H | null | undefined, ownOnly: boolean): H {
  const copy: HeaderRecord = {};
  if (isRecord(headers)) {
    for (const key in headers) {
      if (!ownOnly || Object.hasOwn(headers, key)) recordSet(copy, key, headers[key]);
    }
  }
  return copy as H;
}

/** @internal */
export function recordRemove(headers: HeaderRecord, names: readonly string[]): void {
  const lowerCaseNames = names.map((name) => name.toLowerCase());
  for (const key of Object.keys(headers)) {
    if (lowerCaseNames.some((name) => sameName(key, name))) Reflect.deleteProperty(headers, key);
  }
}

/** @internal */
export function isRecord(value: unknown): value is HeaderRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
