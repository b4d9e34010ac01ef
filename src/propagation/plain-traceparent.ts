// Parses a common `traceparent` quickly, from its bytes or its text.
import { Buffer } from 'node:buffer';
import type { SpanContext } from '@opentelemetry/api';

const length = 55;

/** 1 for each character code of a lower-case digit of an id. */
const digits = new Uint8Array(256);
for (const digit of '0123456789abcdef') digits[digit.charCodeAt(0)] = 1;

/** Whether a part of a header has only digits; its length is a multiple of 4. Four at a time take two thirds of the time. */
function hasDigits(text: string, from: number, to: number): boolean {
  let all = 0;
  for (let at = from; at < to; at += 4) {
    const first = text.charCodeAt(at);
    const second = text.charCodeAt(at + 1);
    const third = text.charCodeAt(at + 2);
    const fourth = text.charCodeAt(at + 3);
    all |= first | second | third | fourth;
    if ((digits[first & 0xff]! & digits[second & 0xff]! & digits[third & 0xff]! & digits[fourth & 0xff]!) === 0)
      return false;
  }
  return all <= 0xff;
}

function hasDigitBytes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 4) {
    const first = digits[bytes[at]!]! & digits[bytes[at + 1]!]!;
    if ((first & digits[bytes[at + 2]!]! & digits[bytes[at + 3]!]!) === 0) return false;
  }
  return true;
}

const zero = 0x30;
const dash = 0x2d;

// The header that was parsed last.
let lastText: string | undefined;
let lastParsed: SpanContext | undefined;

/** Whether any digit of an id is not zero: ids of zeros are invalid. */
function hasOther(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) !== zero) return true;
  return false;
}

/**
 * The span context of a `traceparent` of version 00 in lower case with flags up to 03, as a string or a Buffer of exactly 55 bytes.
 * Undefined for anything else, valid or not: `parseTraceparent` handles the rest, and has the same result for headers that are
 * parsed here.
 *
 * @internal
 */
export function parsePlainTraceparent(header: unknown): SpanContext | undefined {
  let text: string;
  if (typeof header === 'string') {
    if (header.length !== length || !hasDigits(header, 3, 35) || !hasDigits(header, 36, 52)) return undefined;
    text = header;
  } else {
    if (!(header instanceof Buffer) || header.length !== length) return undefined;
    if (!hasDigitBytes(header, 3, 35) || !hasDigitBytes(header, 36, 52)) return undefined;
    text = header.toString('latin1');
  }
  const traceFlags = flagsOf(text);
  return traceFlags === undefined ? undefined : spanContextOf(text, traceFlags);
}

/**
 * The flags of a text that {@link parsePlainTraceparent} would parse; undefined for anything else.
 *
 * @internal
 */
export function flagsOfPlainTraceparent(text: string): number | undefined {
  if (text.length !== length || !hasDigits(text, 3, 35) || !hasDigits(text, 36, 52)) return undefined;
  return flagsOf(text);
}

/** The flags of a header whose ids have only digits; undefined if the rest is unusual or an id is invalid. */
function flagsOf(text: string): number | undefined {
  if (text.charCodeAt(0) !== zero || text.charCodeAt(1) !== zero || text.charCodeAt(53) !== zero) return undefined;
  if (text.charCodeAt(2) !== dash || text.charCodeAt(35) !== dash || text.charCodeAt(52) !== dash) return undefined;
  const traceFlags = text.charCodeAt(54) - zero;
  if (traceFlags < 0 || traceFlags > 3) return undefined;
  return hasOther(text, 3, 35) && hasOther(text, 36, 52) ? traceFlags : undefined;
}

/**
 * The span context of a header that has been checked.
 *
 * @internal
 */
export function spanContextOf(text: string, traceFlags: number): SpanContext {
  lastText = text;
  lastParsed = { traceId: text.slice(3, 35), spanId: text.slice(36, 52), traceFlags, isRemote: true };
  return lastParsed;
}

/**
 * Whether a span context is equal to this header, and has no other data.
 *
 * @internal
 */
export function isPlainTraceparentOf(header: string, spanContext: SpanContext): boolean {
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  if (traceState !== undefined || header.length !== length || header.charCodeAt(54) !== zero + traceFlags) return false;
  // Comparing parts of strings takes as long as all else for an unsampled delivery.
  if (spanContext === lastParsed && header === lastText) return true;
  return header.startsWith(traceId, 3) && header.startsWith(spanId, 36);
}
