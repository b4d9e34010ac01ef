// Shared code of the formats whose headers are an object of values by name.
import { effectiveValue, headerNameLimit, headerRepeatLimit, allValues, readValue, isSameName } from './limits.ts';
import { isHeaderMap, mapKeys, mapRemove, mapValues } from './map-headers.ts';
import { spellings } from './spellings.ts';

/** Headers stored as properties of an object, or in a Map. Formats differ in their values. @internal */
export type HeaderRecord = Record<string, unknown>;

const none: readonly unknown[] = [];

/** The effective value, looked up in the spellings that writers use. @internal */
export function recordGet(headers: HeaderRecord, key: string, ownOnly: boolean): string | undefined {
  const values = lookUp(headers, key, ownOnly);
  return values.length === 1 ? readValue(key.toLowerCase(), values[0]) : effectiveValue(key.toLowerCase(), values);
}

/** Every value of one header as text, in order. @internal */
export function recordGetAll(headers: HeaderRecord, key: string, ownOnly: boolean): string[] {
  return allValues(key.toLowerCase(), lookUp(headers, key, ownOnly));
}

function lookUp(headers: HeaderRecord, key: string, ownOnly: boolean): readonly unknown[] {
  if (isHeaderMap(headers)) return flat(mapValues(headers, key.toLowerCase()));
  let found = none;
  for (const name of spellings(key)) {
    const value = headers[name];
    if (value === undefined || (ownOnly && !Object.hasOwn(headers, name))) continue;
    const values = Array.isArray(value) ? (value as unknown[]) : [value];
    found = found === none ? values : [...atEnds(found), ...atEnds(values)];
  }
  return found;
}

/**
 * As {@link recordGetAll}, but iterates over the names to find any spelling: for HTTP, whose servers limit their number. @internal
 */
export function recordWalk(headers: HeaderRecord, key: string): string[] {
  const name = key.toLowerCase();
  if (isHeaderMap(headers)) return allValues(name, flat(mapValues(headers, name)));
  const found: unknown[] = [];
  let seen = 0;
  for (const candidate in headers) {
    if (++seen > headerNameLimit) break;
    if (!isSameName(candidate, name) || !Object.hasOwn(headers, candidate)) continue;
    const value = headers[candidate];
    if (Array.isArray(value)) found.push(...atEnds(value));
    else found.push(value);
  }
  return allValues(name, found);
}

function flat(values: readonly unknown[]): readonly unknown[] {
  return values.some(Array.isArray)
    ? values.flatMap((value: unknown) => (Array.isArray(value) ? atEnds(value as unknown[]) : value))
    : values;
}

/** The first repetitions and the last one, which may be the effective one. */
function atEnds(values: readonly unknown[]): readonly unknown[] {
  if (values.length <= headerRepeatLimit) return values;
  return [...values.slice(0, headerRepeatLimit), values.at(-1)];
}

/** @internal */
export function recordKeys(headers: HeaderRecord, ownOnly: boolean): string[] {
  if (isHeaderMap(headers)) return mapKeys(headers);
  if (ownOnly) return Object.keys(headers).slice(0, headerNameLimit);
  const keys: string[] = [];
  for (const key in headers) {
    if (keys.length >= headerNameLimit) break;
    keys.push(key);
  }
  return keys;
}

/** A plain assignment of `__proto__` would change the prototype instead of adding a header. @internal */
export function recordSet(headers: HeaderRecord, key: string, value: unknown): void {
  if (isHeaderMap(headers)) {
    headers.set(key, value);
  } else if (key === '__proto__') {
    Object.defineProperty(headers, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    headers[key] = value;
  }
}

/** @internal */
export function recordCopy<H extends HeaderRecord>(headers: H | null | undefined, ownOnly: boolean): H {
  const copy: HeaderRecord = {};
  if (isHeaderRecord(headers)) {
    if (isHeaderMap(headers)) return new Map(headers) as unknown as H;
    for (const key in headers) {
      if (!ownOnly || Object.hasOwn(headers, key)) recordSet(copy, key, headers[key]);
    }
  }
  return copy as H;
}

/** @internal */
export function recordRemove(headers: HeaderRecord, names: readonly string[]): void {
  if (isHeaderMap(headers)) {
    mapRemove(
      headers,
      names.map((name) => name.toLowerCase()),
    );
    return;
  }
  const keys = Object.keys(headers);
  if (keys.length === 0) return;
  const lowerCaseNames = names.map((name) => name.toLowerCase());
  for (const key of keys) {
    if (lowerCaseNames.some((name) => isSameName(key, name))) Reflect.deleteProperty(headers, key);
  }
}

/** @internal */
export function isHeaderRecord(value: unknown): value is HeaderRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
