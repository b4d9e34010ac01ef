// Limits for header values, and how values of any kind become text within them.
import { TextEncoder, types } from 'node:util';
import { isUtf8 } from 'node:buffer';
import { countDroppedHeader } from './dropped-headers.ts';

/**
 * Message headers are untrusted: they are size-limited, in bytes, before anything is decoded or parsed, so that reading costs no
 * more than what is kept. W3C asks implementations to carry at least 512 bytes of tracestate and 8192 of baggage.
 */
export const headerByteLimits = {
  traceparent: 256,
  tracestate: 4096,
  baggage: 8192,
  /** Every other header a propagator may ask for (`b3`, `uber-trace-id`, `x-amzn-trace-id`, ...). */
  other: 8192,
} as const;

/** How many header names of a message are looked at where names must be walked; the rest is not searched. */
export const headerNameLimit = 1000;

/** Repeats of one header beyond this many are not read: no propagator's header needs them. @internal */
export const headerRepeatLimit = 64;

/** Stands for itself in UTF-8, never for a part of another character. */
const comma = 0x2c;

/** How many unreadable repeats are passed over in search of the one that counts. */
const attempts = 4;

const encoder = new TextEncoder();
const scratch = new Uint8Array(headerByteLimits.other);

/** Whether the header holds a list separated by commas, and may be joined when repeated and cut between members. @internal */
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
 * One header value as text, or undefined where it is no text or too long. A list that is too long is cut after the last whole
 * member that fits. @internal
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
 * The bytes of a Buffer that went through JSON (`{ type: 'Buffer', data: [...] }`), as in a message that was stored or logged: one
 * more than the limit at most, which is enough to tell that it is too long. @internal
 */
export function bytesOfJson(value: object | null, limit: number): Uint8Array | undefined {
  if (value === null) return undefined;
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type !== 'Buffer' || !Array.isArray(data)) return undefined;
  const bytes: unknown[] = data.slice(0, limit + 1);
  return bytes.every((byte) => typeof byte === 'number') ? Uint8Array.from(bytes) : undefined;
}

/** How many of the bytes are to be decoded, -1 for none: told before decoding, which is what costs. */
function readableEnd(lowerCaseName: string, bytes: Uint8Array, limit: number): number {
  const end = endOfMembers(lowerCaseName, bytes, limit);
  // A byte that is no UTF-8 becomes a character of three, and takes thirty times as long.
  if (end * 3 <= limit || isUtf8(bytes.subarray(0, end))) return end;
  return endOfMembers(lowerCaseName, bytes, Math.floor(limit / 3));
}

/** Where the last whole member within the limit ends, -1 for nowhere. */
function endOfMembers(lowerCaseName: string, bytes: Uint8Array, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  if (!isListHeader(lowerCaseName)) return -1;
  const end = bytes[limit] === comma ? limit : bytes.lastIndexOf(comma, limit - 1);
  return end > 0 ? end : -1;
}

/** UTF-16 units never outnumber UTF-8 bytes, and are at most a third of them: bytes are counted only in between. */
function fits(text: string, limit: number): boolean {
  return text.length <= limit && (text.length * 3 <= limit || Buffer.byteLength(text) <= limit);
}

function overLimit(lowerCaseName: string, text: string, limit: number): string | undefined {
  const kept = isListHeader(lowerCaseName) ? wholeMembers(text, limit) : undefined;
  countDroppedHeader(kept === undefined ? 'header-too-long' : 'list-cut');
  return kept;
}

/**
 * The longest run of whole members within so many bytes, undefined where not even one fits. Linear in the limit, whatever the
 * length of the text. @internal
 */
export function wholeMembers(text: string, limit: number): string | undefined {
  if (text.length <= limit && Buffer.byteLength(text) <= limit) return text;
  const { read, written } = encoder.encodeInto(
    text.length > limit ? text.slice(0, limit + 1) : text,
    scratch.subarray(0, limit),
  );
  const end = text[read] === ',' ? read : text.lastIndexOf(',', read - 1);
  if (end <= 0) return undefined;
  // Decoded from bytes rather than sliced: a slice would keep the whole text in memory for as long as it lives.
  return end === read ? decode(written) : decode(written - Buffer.byteLength(text.slice(end, read)));
}

function decode(bytes: number): string {
  return Buffer.from(scratch.buffer, 0, bytes).toString('utf8');
}

/** The values of one header, in order and as the message has them, folded into the one that counts. @internal */
export function foldRaw(lowerCaseName: string, values: readonly unknown[]): string | undefined {
  if (values.length < 2) return readValue(lowerCaseName, values[0]);
  if (isListHeader(lowerCaseName)) return joinList(lowerCaseName, readAll(lowerCaseName, values));
  const first = Math.max(0, values.length - attempts);
  for (let at = values.length - 1; at >= first; at--) {
    const text = readValue(lowerCaseName, values[at]);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The values of one header as text, until there are more bytes of them than the header may have. @internal */
export function readAll(lowerCaseName: string, values: readonly unknown[]): string[] {
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

/** Repeats of a list joined in order, as one header, cut to whole members. @internal */
export function joinList(lowerCaseName: string, texts: readonly string[]): string | undefined {
  const parts = texts.filter((text) => text.trim() !== '');
  if (parts.length === 0) return texts[0];
  const joined = parts.join(',');
  const limit = byteLimit(lowerCaseName);
  return fits(joined, limit) ? joined : overLimit(lowerCaseName, joined, limit);
}

/**
 * Whether `name` is `lowerCaseName` in any spelling; settles most names by their length alone. A `lowerCaseName` that ends in `*`
 * stands for every name that begins so. @internal
 */
export function sameName(name: string, lowerCaseName: string): boolean {
  if (lowerCaseName.endsWith('*')) return name.toLowerCase().startsWith(lowerCaseName.slice(0, -1));
  return name.length === lowerCaseName.length && (name === lowerCaseName || name.toLowerCase() === lowerCaseName);
}
