/**
 * Sizes in bytes beyond which a header is not read. They are applied before anything is decoded or parsed, so that what a stranger
 * offers costs no more than what is kept. W3C asks implementations to carry at least 512 bytes of tracestate and 8192 of baggage.
 */
export const headerByteLimits = {
  traceparent: 256,
  tracestate: 4096,
  baggage: 8192,
  /** Every other header a propagator may ask for (`b3`, `uber-trace-id`, `x-amzn-trace-id`, ...). */
  other: 8192,
} as const;

/** How many header names of a message are looked at; the rest is not searched. */
export const headerNameLimit = 1000;

/** Headers that hold a list separated by commas, and may therefore be joined when repeated and cut between members. */
const listHeaders = new Set(['tracestate', 'baggage']);

/** @internal */
export function isListHeader(lowerCaseName: string): boolean {
  return listHeaders.has(lowerCaseName);
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
export function readValue(lowerCaseName: string, value: unknown): string | undefined {
  const limit = byteLimit(lowerCaseName);
  let text: string;
  let cut = false;
  if (typeof value === 'string') {
    // UTF-16 units never outnumber UTF-8 bytes, so a string that is short in units needs the exact count only if it is not ASCII.
    text = value.length > limit ? value.slice(0, limit + 1) : value;
    if (text.length > limit || (text.length * 3 > limit && Buffer.byteLength(text) > limit)) cut = true;
  } else if (value instanceof Uint8Array) {
    const kept = value.length > limit ? value.subarray(0, limit + 1) : value;
    cut = value.length > limit;
    text = Buffer.from(kept.buffer, kept.byteOffset, kept.length).toString('utf8');
  } else {
    return undefined;
  }
  if (!cut) return text;
  return isListHeader(lowerCaseName) ? wholeMembers(text, limit) : undefined;
}

/** The longest run of whole members within the limit. */
function wholeMembers(text: string, limit: number): string | undefined {
  let end = text.lastIndexOf(',', limit);
  while (end > 0 && Buffer.byteLength(text.slice(0, end)) > limit) end = text.lastIndexOf(',', end - 1);
  return end > 0 ? text.slice(0, end) : undefined;
}

/** The repeated values of one header folded into the one that counts. @internal */
export function foldValues(lowerCaseName: string, values: readonly string[]): string | undefined {
  if (values.length < 2) return values[0];
  if (!isListHeader(lowerCaseName)) return values.at(-1);
  const limit = byteLimit(lowerCaseName);
  let joined = '';
  let bytes = 0;
  for (const value of values) {
    if (value.trim() === '') continue;
    const size = Buffer.byteLength(value) + (bytes === 0 ? 0 : 1);
    if (bytes + size > limit) break;
    joined = bytes === 0 ? value : `${joined},${value}`;
    bytes += size;
  }
  return joined === '' ? values[0] : joined;
}

/** Whether `name` is `lowerCaseName` in any spelling; settles most names by their length alone. @internal */
export function sameName(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && (name === lowerCaseName || name.toLowerCase() === lowerCaseName);
}
