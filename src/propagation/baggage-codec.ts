import { type BaggageEntry, baggageEntryMetadataFromString } from '@opentelemetry/api';

/** W3C Baggage: everything up to these must be propagated; what is beyond is dropped in whole members, from the end. */
export const baggageByteLimit = 8192;
export const baggageMemberLimit = 64;

const keyPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Printable ASCII: what any transport carries in a header as it is. */
const printable = /^[\t\x20-\x7e]*$/;
const plainValue = /^[\w\-.~!*'()]*$/;
const metadataPattern = /^[\t\x20-\x2b\x2d-\x7e]+$/;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Reads a `baggage` header. Members that the specification does not allow are left out one by one; of a repeated key the last one
 * counts; percent-encoded bytes that are not UTF-8 become U+FFFD. A `+` is a plus. Empty values are legal.
 */
export function parseBaggage(header: string): Map<string, BaggageEntry> {
  const entries = new Map<string, BaggageEntry>();
  let start = 0;
  for (let members = 0; start <= header.length && members < baggageMemberLimit; members++) {
    const comma = header.indexOf(',', start);
    const end = comma < 0 ? header.length : comma;
    parseMember(header.slice(start, end), entries);
    start = end + 1;
  }
  return entries;
}

function parseMember(member: string, entries: Map<string, BaggageEntry>): void {
  const semicolon = member.indexOf(';');
  const pair = semicolon < 0 ? member : member.slice(0, semicolon);
  const equals = pair.indexOf('=');
  if (equals <= 0) return;
  const key = pair.slice(0, equals).trim();
  if (!keyPattern.test(key)) return;
  const value = decodePercent(pair.slice(equals + 1).trim());
  const metadata = semicolon < 0 ? '' : member.slice(semicolon + 1).trim();
  entries.set(key, metadata === '' ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) });
}

/**
 * Writes a `baggage` header within the limits. An entry whose key is no token is left out; metadata that would break out of its
 * member is left out, the entry stays. Values are percent-encoded (a space as `%20`, a plus as `%2B`), so that every language
 * reads back what was set.
 */
export function formatBaggage(entries: Iterable<[string, BaggageEntry]>): string {
  let header = '';
  let members = 0;
  for (const [key, entry] of entries) {
    if (!keyPattern.test(key)) continue;
    const metadata = entry.metadata?.toString().trim() ?? '';
    const properties = metadata !== '' && metadataPattern.test(metadata) ? `;${metadata}` : '';
    const member = `${key}=${encodePercent(String(entry.value))}${properties}`;
    // What was written is ASCII alone, so that characters are bytes.
    if (header.length + member.length + 1 > baggageByteLimit || ++members > baggageMemberLimit) break;
    header = header === '' ? member : `${header},${member}`;
  }
  return header;
}

/** A header that may be passed on as it came, or undefined where it must be read and written anew. */
export function passableBaggage(header: string): string | undefined {
  if (!printable.test(header)) return undefined;
  let end = -1;
  for (let members = 0; members < baggageMemberLimit; members++) {
    end = header.indexOf(',', end + 1);
    if (end < 0) return header;
  }
  return header.slice(0, end);
}

function encodePercent(value: string): string {
  if (plainValue.test(value)) return value;
  return encodeURIComponent(value.replace(loneSurrogate, '\ufffd'));
}

function decodePercent(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // Somewhere the bytes are not UTF-8: decode what is percent-encoded, as bytes, and let the decoder mark what is wrong.
    return value.replace(/(?:%[0-9A-Fa-f]{2})+/g, (bytes) =>
      Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
    );
  }
}
