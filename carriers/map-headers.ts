// Handles headers that are stored in a Map, whose keys are strings or bytes.
import { types } from 'node:util';
import { headerNameLimit, isSameName } from './limits.ts';

/** @internal */
export type HeaderMap = Map<unknown, unknown>;

/** Whether these headers are a Map, including one of another realm, as in Jest. @internal */
export function isHeaderMap(headers: object): headers is HeaderMap {
  const mayBe = headers instanceof Map || (headers as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Map';
  return mayBe && types.isMap(headers);
}

/** The values of a name in any spelling, in order. Lists are flattened. @internal */
export function mapValues(headers: HeaderMap, lowerCaseName: string): unknown[] {
  const found: unknown[] = [];
  let seen = 0;
  for (const [key, value] of headers) {
    if (++seen > headerNameLimit) break;
    if (isSameName(textOf(key), lowerCaseName)) found.push(value);
  }
  return found;
}

/** @internal */
export function mapKeys(headers: HeaderMap): string[] {
  const keys: string[] = [];
  for (const key of headers.keys()) {
    if (keys.length >= headerNameLimit) break;
    keys.push(textOf(key));
  }
  return keys;
}

/** @internal */
export function mapRemove(headers: HeaderMap, lowerCaseNames: readonly string[]): void {
  for (const key of headers.keys()) {
    const text = textOf(key);
    if (lowerCaseNames.some((name) => isSameName(text, name))) headers.delete(key);
  }
}

function textOf(key: unknown): string {
  if (typeof key === 'string') return key;
  return types.isUint8Array(key) ? Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1') : '';
}
