// Reads the application's headers of a message as text, within limits.
import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { isHeaderMap } from '../../carriers/map-headers.ts';

/** Headers are untrusted, so the number of them that is read is limited. */
const namesAtMost = 1000;
const valuesAtMost = 16;

/**
 * Calls `visit` with each header: those of an object or a Map, or alternating names and values of a list, as Redis has them.
 *
 * @param visit - returns false to stop.
 */
export function eachHeader(headers: unknown, visit: (name: string, value: unknown) => boolean): void {
  if (typeof headers !== 'object' || headers === null) return;
  let left = namesAtMost;
  if (Array.isArray(headers)) {
    for (let at = 0; at + 1 < headers.length && left-- > 0; at += 2) {
      const name = textOf(headers[at], 256);
      if (name !== undefined && !visit(name, headers[at + 1])) return;
    }
  } else if (isHeaderMap(headers)) {
    for (const [name, value] of headers as Iterable<[unknown, unknown]>) {
      if (left-- <= 0 || (typeof name === 'string' && !visit(name, value))) return;
    }
  } else {
    for (const name in headers) {
      if (left-- <= 0 || !visit(name, (headers as Record<string, unknown>)[name])) return;
    }
  }
}

/** The values of one header as text, each cut to `length` characters. Values that are not text, numbers or booleans are omitted. */
export function valuesOf(value: unknown, length: number): string[] {
  if (!Array.isArray(value)) {
    const text = textOf(value, length);
    return text === undefined ? [] : [text];
  }
  const texts: string[] = [];
  for (const each of value.slice(0, valuesAtMost)) {
    const text = textOf(each, length);
    if (text !== undefined) texts.push(text);
  }
  return texts;
}

/** A value as text, cut to `length` characters; undefined if it has no text form. */
function textOf(value: unknown, length: number): string | undefined {
  switch (typeof value) {
    case 'string':
      // Joined, because a slice would keep the whole text in memory.
      return value.length <= length ? value : Buffer.from(value.slice(0, length)).toString();
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return types.isUint8Array(value) ? decoded(value, length) : undefined;
  }
}

function decoded(value: Uint8Array, length: number): string | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, length));
  if (bytes.length === value.length) return isUtf8(bytes) ? bytes.toString() : undefined;
  // The cut may be within a character, which has at most four bytes.
  for (let end = bytes.length; end > bytes.length - 4; end--) {
    if (isUtf8(bytes.subarray(0, end))) return bytes.toString('utf8', 0, end);
  }
  return undefined;
}
