// Parses a common `traceparent` quickly, from its bytes or its text.
import type { SpanContext } from '@opentelemetry/api';

const length = 55;

/** The kinds of characters by position: a dash, a digit of an id, a zero, or a digit of the known flags. */
const dash = 1;
const digit = 2;
const zero = 4;
const flag = 8;

/** The kinds of each character, by character code. */
const kinds = new Uint8Array(256);
for (let code = 0x30; code <= 0x39; code++) kinds[code] = digit;
for (let code = 0x61; code <= 0x66; code++) kinds[code] = digit;
for (let code = 0x30; code <= 0x33; code++) kinds[code]! |= flag;
kinds[0x30]! |= zero;
kinds[0x2d] = dash;

/** The kind at each position of a header: `00-{32 digits}-{16 digits}-0{flags}`. */
const layout = new Uint8Array(length).fill(digit);
for (const at of [0, 1, 53]) layout[at] = zero;
for (const at of [2, 35, 52]) layout[at] = dash;
layout[54] = flag;

/** Whether any digit of an id is not zero: ids of zeros are invalid. */
function hasOther(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) !== 0x30) return true;
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
    if (header.length !== length) return undefined;
    for (let at = 0; at < length; at++) {
      const code = header.charCodeAt(at);
      if (code > 0xff || (kinds[code]! & layout[at]!) === 0) return undefined;
    }
    text = header;
  } else {
    if (!(header instanceof Buffer) || header.length !== length) return undefined;
    for (let at = 0; at < length; at++) if ((kinds[header[at]!]! & layout[at]!) === 0) return undefined;
    text = header.toString('latin1');
  }
  if (!hasOther(text, 3, 35) || !hasOther(text, 36, 52)) return undefined;
  return {
    traceId: text.slice(3, 35),
    spanId: text.slice(36, 52),
    traceFlags: text.charCodeAt(54) - 0x30,
    isRemote: true,
  };
}
