// Parses and writes the `baggage` header.
import { type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { trimOws } from './ows.ts';

/** W3C Baggage: baggage within these limits must be propagated; beyond them whole members are dropped, from the end. */
export const baggageByteLimit = 8192;
export const baggageMemberLimit = 64;

const percent = 0x25;

const keyPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Printable ASCII: characters that every transport can carry in a header. */
const printable = /^[\t\x20-\x7e]*$/;
const unreserved = /^[\w\-.~!*'()]*$/;
const metadataPattern = /^[\t\x20-\x2b\x2d-\x7e]+$/;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Reads a `baggage` header. Invalid members are skipped individually; the last one of a repeated key is used; percent-encoded bytes
 * that are not UTF-8 become U+FFFD. A `+` is a plus. Empty values are valid.
 *
 * @param onSkipped - called once if members were skipped.
 */
export function parseBaggage(header: string, onSkipped?: () => void): Map<string, BaggageEntry> {
  const entries = new Map<string, BaggageEntry>();
  let start = 0;
  let invalid = 0;
  for (let members = 0; start <= header.length; members++) {
    if (members === baggageMemberLimit) {
      countDroppedHeader('baggage-over-limit');
      break;
    }
    const comma = header.indexOf(',', start);
    const end = comma < 0 ? header.length : comma;
    if (!parseMember(header.slice(start, end), entries)) invalid++;
    start = end + 1;
  }
  if (invalid > 0) {
    countDroppedHeader('baggage-member-invalid', invalid);
    onSkipped?.();
  }
  return entries;
}

/** Whether the member is valid or blank. */
function parseMember(member: string, entries: Map<string, BaggageEntry>): boolean {
  const semicolon = member.indexOf(';');
  const pair = semicolon < 0 ? member : member.slice(0, semicolon);
  const equals = pair.indexOf('=');
  const key = trimOws(pair.slice(0, Math.max(0, equals)));
  if (!isBaggageKey(key)) return trimOws(member) === '';
  const value = decodePercent(trimOws(pair.slice(equals + 1)));
  const metadata = semicolon < 0 ? '' : trimOws(member.slice(semicolon + 1));
  entries.set(key, metadata === '' ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) });
  return true;
}

/** Whether a key can be sent: a token (W3C Baggage 3.3.1.1). @internal */
export function isBaggageKey(key: string): boolean {
  return typeof key === 'string' && keyPattern.test(key);
}

/**
 * Writes a `baggage` header within the limits. An entry whose key is not a token is omitted; metadata that would break out of its
 * member is omitted, without the entry. Values are percent-encoded (a space as `%20`, a plus as `%2B`), so that every language
 * reads the original value. Members are written in the order of the entries; one that does not fit is omitted as a whole. Every
 * omission is counted.
 */
export function formatBaggage(entries: Iterable<[string, BaggageEntry]>, byteLimit: number = baggageByteLimit): string {
  let header = '';
  let members = 0;
  for (const [key, entry] of entries) {
    const member = formatMember(key, entry);
    if (member === undefined) continue;
    // The written text is ASCII, so characters are bytes.
    const length = members === 0 ? member.length : header.length + 1 + member.length;
    if (length > byteLimit || members === baggageMemberLimit) {
      countDroppedHeader('baggage-over-limit');
      continue;
    }
    header = members === 0 ? member : `${header},${member}`;
    members++;
  }
  return header;
}

/** One member; undefined if its key or value cannot be sent. @internal */
export function formatMember(key: string, entry: BaggageEntry): string | undefined {
  if (!isBaggageKey(key)) {
    countDroppedHeader('baggage-key-invalid');
    return undefined;
  }
  try {
    const value = String(entry.value);
    const given = entry.metadata?.toString() ?? '';
    // Percent-encoding never shortens text: a value that is too long need not be encoded.
    if (value.length + given.length > baggageByteLimit) {
      countDroppedHeader('baggage-over-limit');
      return undefined;
    }
    const metadata = trimOws(given);
    const valid = metadata === '' || metadataPattern.test(metadata);
    if (!valid) countDroppedHeader('baggage-metadata-invalid');
    return `${key}=${encodePercent(value)}${valid && metadata !== '' ? `;${metadata}` : ''}`;
  } catch {
    // The conversion of the value to text throws, which types forbid, but JavaScript allows.
    countDroppedHeader('baggage-value-invalid');
    return undefined;
  }
}

/** A header that may be propagated unchanged; undefined if it must be parsed and encoded again. */
export function passableBaggage(header: string): string | undefined {
  if (!printable.test(header)) return undefined;
  let end = -1;
  for (let members = 0; members < baggageMemberLimit; members++) {
    end = header.indexOf(',', end + 1);
    if (end < 0) return header;
  }
  countDroppedHeader('baggage-over-limit');
  return header.slice(0, end);
}

/** Whether `encodeURIComponent` does not change this text. @internal */
export function isUnreserved(text: string): boolean {
  return unreserved.test(text);
}

function encodePercent(value: string): string {
  if (isUnreserved(value)) return value;
  return encodeURIComponent(value.replace(loneSurrogate, '\ufffd'));
}

/** A percent sign that does not encode an ASCII character. */
const beyondAscii = /%(?![0-7][0-9A-Fa-f])/;
const decoded = new Uint8Array(baggageByteLimit);

/** The value of a hex digit by its character code, `none` for other characters below 128; undefined beyond. */
const none = 0xff;
const hexDigits = new Uint8Array(128).fill(none);
for (let value = 0; value < 16; value++) {
  hexDigits[value.toString(16).charCodeAt(0)] = value;
  hexDigits[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/**
 * Percent-encoded bytes decoded as UTF-8. `decodeURIComponent` throws for bytes that are not UTF-8, which takes 10 microseconds: a
 * header with 64 such values would take most of a millisecond.
 */
function decodePercent(value: string): string {
  let at = value.indexOf('%');
  if (at < 0) return value;
  if (!beyondAscii.test(value)) return decodeURIComponent(value);
  let text = '';
  let start = 0;
  for (; at >= 0; at = value.indexOf('%', at)) {
    let length = 0;
    let end = at;
    for (; length < decoded.length && value.charCodeAt(end) === percent; end += 3) {
      const high = hexDigits[value.charCodeAt(end + 1)];
      const low = hexDigits[value.charCodeAt(end + 2)];
      if (high === undefined || low === undefined || (high | low) === none) break;
      decoded[length++] = (high << 4) | low;
    }
    if (length === 0) {
      at++;
      continue;
    }
    text += value.slice(start, at) + Buffer.from(decoded.buffer, 0, length).toString('utf8');
    start = at = end;
  }
  return start === 0 ? value : text + value.slice(start);
}
