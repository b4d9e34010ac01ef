import { isValidSpanId, isValidTraceId, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { trimOws } from './ows.ts';

/** W3C Trace Context Level 2: the right-most 7 bytes of the trace id are random. The API has no name for it yet. */
export const RANDOM_TRACE_ID_FLAG = 0x02;

const VERSION_00_LENGTH = 55;
const DASH = 0x2d;
/** Unknown flags must be zero on output, so these four are all that is ever written. */
const flagsText = ['00', '01', '02', '03'] as const;

/**
 * Parses a `traceparent` by W3C Trace Context Level 2. Of higher versions the first 55 characters and the sampled flag alone are
 * read; anything malformed, all-zero ids and version `ff` give undefined.
 */
export function parseTraceparent(header: string): SpanContext | undefined {
  const text = trimOws(header);
  if (text.length < VERSION_00_LENGTH) return undefined;
  if (text.charCodeAt(2) !== DASH || text.charCodeAt(35) !== DASH || text.charCodeAt(52) !== DASH) return undefined;
  const version = hexByte(text, 0);
  const flags = hexByte(text, 53);
  if (version < 0 || version === 0xff || flags < 0) return undefined;
  if (text.length > VERSION_00_LENGTH && (version === 0 || text.charCodeAt(VERSION_00_LENGTH) !== DASH))
    return undefined;
  const traceId = text.slice(3, 35);
  const spanId = text.slice(36, 52);
  if (!isLowerHex(text, 3, 35) || !isLowerHex(text, 36, 52) || !isValidTraceId(traceId) || !isValidSpanId(spanId))
    return undefined;
  const known = version === 0 ? TraceFlags.SAMPLED | RANDOM_TRACE_ID_FLAG : TraceFlags.SAMPLED;
  return { traceId, spanId, traceFlags: flags & known, isRemote: true };
}

/** Writes a `traceparent` of version 00; flags that the specification does not know are zero. */
export function formatTraceparent(spanContext: SpanContext, flags: number = spanContext.traceFlags): string {
  return `00-${spanContext.traceId}-${spanContext.spanId}-${flagsText[flags & 0x03]!}`;
}

function hexByte(text: string, at: number): number {
  return isLowerHex(text, at, at + 2) ? Number.parseInt(text.slice(at, at + 2), 16) : -1;
}

function isLowerHex(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}
