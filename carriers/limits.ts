// Limits the size of header values, and converts values to text within the limits.
import { TextEncoder, types } from 'node:util';
import { isUtf8 } from 'node:buffer';
import { countDroppedHeader } from './dropped-headers.ts';

/**
 * Message headers are untrusted: they are size-limited, in bytes, before anything is decoded or parsed, so that the cost of reading
 * is bounded. W3C asks implementations to propagate at least 512 bytes of tracestate and 8192 bytes of baggage.
 */
export const headerByteLimits = {
  traceparent: 256,
  tracestate: 4096,
  baggage: 8192,
  /** Every other header a propagator may ask for (`b3`, `uber-trace-id`, `x-amzn-trace-id`, ...). */
  other: 8192,
} as const;

/** The number of header names that are searched if a format requires iterating over names. */
export const headerNameLimit = 1000;

/** The number of repetitions of one header that are read. No propagator needs more. @internal */
export const headerRepeatLimit = 64;

/** In UTF-8 this byte is never part of another character. */
const comma = 0x2c;

/** The number of unreadable repetitions that are skipped in search of the effective one. */
const attempts = 4;

const encoder = new TextEncoder();
const scratch = new Uint8Array(headerByteLimits.other);

/** Whether the header is a comma-separated list, which may be joined if repeated and cut between members. @internal */
export function isListHeader(lowerCaseName: string): boolean {
  return lowerCaseName === 'baggage' || lowerCaseName === 'tracestate';
}

/** @internal */
export function byteLimit(lowerCaseName: string): number {
  switch (lowerCaseName) {
    case 'traceparent':
      return headerByteLimits.traceparent;
    case 'tracestate':
      return headerByteLimits.tracestate;
    case 'baggage':
      return headerByteLimits.baggage;
    default:
      return headerByteLimits.other;
  }
}

/**
 * One header value as text; undefined if it is not text or too long. A list that is too long is cut after the last whole member
 * that fits. @internal
 */
export function readValue(lowerCaseName: string, given: unknown): string | undefined {
  const limit = byteLimit(lowerCaseName);
  const value = typeof given === 'object' && !types.isUint8Array(given) ? bytesOfJson(given, limit) : given;
  let text: string;
  if (typeof value === 'string') {
    text = value;
  } else if (types.isUint8Array(value)) {
    const end = readableEnd(lowerCaseName, value, limit);
    if (end < 0) {
      countDroppedHeader('header-too-long');
      return undefined;
    }
    const buffer = Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
    text = buffer.toString('utf8', 0, end);
    if (end < value.length && fits(text, limit)) {
      countDroppedHeader('list-cut');
      return text;
    }
  } else {
    return undefined;
  }
  return fits(text, limit) ? text : overLimit(lowerCaseName, text, limit);
}

/**
 * The bytes of a Buffer that was converted to JSON (`{ type: 'Buffer', data: [...] }`), as in a stored or logged message. Returns
 * at most one byte more than the limit, which is enough to detect that it is too long. @internal
 */
export function bytesOfJson(value: object | null, limit: number): Uint8Array | undefined {
  if (value === null) return undefined;
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type !== 'Buffer' || !Array.isArray(data)) return undefined;
  const bytes: unknown[] = data.slice(0, limit + 1);
  return bytes.every((byte) => typeof byte === 'number') ? Uint8Array.from(bytes) : undefined;
}

/** The number of bytes to decode, -1 for none. Computed before decoding, which is the expensive part. */
function readableEnd(lowerCaseName: string, bytes: Uint8Array, limit: number): number {
  const end = endOfMembers(lowerCaseName, bytes, limit);
  // A byte that is not valid UTF-8 becomes a character of three bytes, and takes thirty times as long.
  if (end * 3 <= limit || isUtf8(bytes.subarray(0, end))) return end;
  return endOfMembers(lowerCaseName, bytes, Math.floor(limit / 3));
}

/** The end of the last whole member within the limit, -1 if there is none. */
function endOfMembers(lowerCaseName: string, bytes: Uint8Array, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  if (!isListHeader(lowerCaseName)) return -1;
  const end = bytes[limit] === comma ? limit : bytes.lastIndexOf(comma, limit - 1);
  return end > 0 ? end : -1;
}

/** A text has at least one and at most three UTF-8 bytes per UTF-16 unit: bytes are counted only if that does not decide. */
function fits(text: string, limit: number): boolean {
  return text.length <= limit && (text.length * 3 <= limit || Buffer.byteLength(text) <= limit);
}

function overLimit(lowerCaseName: string, text: string, limit: number): string | undefined {
  const kept = isListHeader(lowerCaseName) ? wholeMembers(text, limit) : undefined;
  countDroppedHeader(kept === undefined ? 'header-too-long' : 'list-cut');
  return kept;
}

/**
 * The longest run of whole members within this number of bytes; undefined if not even one fits. Linear in the limit, for any length
 * of the text. @internal
 */
export function wholeMembers(text: string, limit: number): string | undefined {
  if (text.length <= limit && Buffer.byteLength(text) <= limit) return text;
  const { read, written } = encoder.encodeInto(
    text.length > limit ? text.slice(0, limit + 1) : text,
    scratch.subarray(0, limit),
  );
  const end = text[read] === ',' ? read : text.lastIndexOf(',', read - 1);
  if (end <= 0) return undefined;
  // Decoded from bytes instead of sliced: a slice would keep the whole text in memory.
  return end === read ? decode(written) : decode(written - Buffer.byteLength(text.slice(end, read)));
}

function decode(bytes: number): string {
  return Buffer.from(scratch.buffer, 0, bytes).toString('utf8');
}

/** Reduces the values of one header, in the order of the message, to the effective one. @internal */
export function effectiveValue(lowerCaseName: string, values: readonly unknown[]): string | undefined {
  if (values.length < 2) return readValue(lowerCaseName, values[0]);
  if (isListHeader(lowerCaseName)) return joinList(lowerCaseName, allValues(lowerCaseName, values));
  const first = Math.max(0, values.length - attempts);
  for (let at = values.length - 1; at >= first; at--) {
    const text = readValue(lowerCaseName, values[at]);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The values of one header as text, up to the byte limit of the header. @internal */
export function allValues(lowerCaseName: string, values: readonly unknown[]): string[] {
  const limit = byteLimit(lowerCaseName);
  const texts: string[] = [];
  let length = 0;
  const end = Math.min(values.length, headerRepeatLimit);
  if (values.length > end) countDroppedHeader('too-many-repeats');
  for (let at = 0; at < end && length <= limit; at++) {
    const text = readValue(lowerCaseName, values[at]);
    if (text === undefined) continue;
    texts.push(text);
    length += text.length + 1;
  }
  return texts;
}

/** Joins the repetitions of a list header in order, cut to whole members. @internal */
export function joinList(lowerCaseName: string, texts: readonly string[]): string | undefined {
  const parts = texts.filter((text) => text.trim() !== '');
  if (parts.length === 0) return texts[0];
  const joined = parts.join(',');
  const limit = byteLimit(lowerCaseName);
  return fits(joined, limit) ? joined : overLimit(lowerCaseName, joined, limit);
}

/**
 * Whether `name` is `lowerCaseName` in any spelling; most names differ in length, which is compared first. A `lowerCaseName` that
 * ends with `*` matches every name with that prefix. @internal
 */
export function isSameName(name: string, lowerCaseName: string): boolean {
  if (lowerCaseName.endsWith('*')) return name.toLowerCase().startsWith(lowerCaseName.slice(0, -1));
  return name.length === lowerCaseName.length && (name === lowerCaseName || name.toLowerCase() === lowerCaseName);
}
