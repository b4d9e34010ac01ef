// Parses and writes the `traceparent` header.
import { type Context, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { isMarkedRandom, RANDOM_TRACE_ID_FLAG } from '../common/random-trace-id.ts';
import { hasLowerCaseIds } from '../common/valid-span-context.ts';
import { trimOws } from './ows.ts';

/** Version 00 ends after the flags; in a higher version more may follow after a dash. `ff` and ids of zeros are invalid. */
const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const version00Length = 55;
/** Unknown flags must be zero on output, so only these four are written. */
const tails = ['-00', '-01', '-02', '-03'] as const;
const capitals = /[A-F]/;

let lastTraceId: string | undefined;
/** The part before the span id. */
let lastHead = '';
let lastSpanId: string | undefined;
let lastFlags: number | undefined;
let lastText = '';

/**
 * Parses a `traceparent` by W3C Trace Context Level 2. For higher versions only the first 55 characters and the sampled flag are
 * read. Undefined for malformed headers, all-zero ids and version `ff`.
 */
export function parseTraceparent(header: string): SpanContext | undefined {
  const text = trimOws(header);
  const version00 = text.startsWith('00');
  if (!pattern.test(text) || (version00 && text.length > version00Length)) return undefined;
  const known = version00 ? TraceFlags.SAMPLED | RANDOM_TRACE_ID_FLAG : TraceFlags.SAMPLED;
  const traceFlags = Number.parseInt(text.slice(53, 55), 16) & known;
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), traceFlags, isRemote: true };
}

/** Writes a `traceparent` of version 00, in lower case; flags that the specification does not define are zero. */
export function formatTraceparent(spanContext: SpanContext, flags: number = spanContext.traceFlags): string {
  const { traceId, spanId } = spanContext;
  const known = flags & 0x03;
  // Consecutive messages without a span have the same parent, those with one often the same trace.
  const isSameTrace = traceId === lastTraceId;
  if (!isSameTrace || spanId !== lastSpanId || known !== lastFlags) {
    const areLower = hasLowerCaseIds(spanContext);
    if (!isSameTrace) {
      lastHead = `00-${areLower ? traceId : lowerCase(traceId)}-`;
      lastTraceId = traceId;
    }
    lastText = `${lastHead}${areLower ? spanId : lowerCase(spanId)}${tails[known]!}`;
    lastSpanId = spanId;
    lastFlags = known;
  }
  return lastText;
}

/** As {@link formatTraceparent}, for the span context of a context, in which a trace id is also marked that was received as random. */
export function traceparentIn(context: Context, spanContext: SpanContext): string {
  const random = isMarkedRandom(context, spanContext.traceId) ? RANDOM_TRACE_ID_FLAG : 0;
  return formatTraceparent(spanContext, spanContext.traceFlags | random);
}

/** The API accepts ids in capitals from other propagators; in a traceparent they are malformed. */
function lowerCase(id: string): string {
  return capitals.test(id) ? id.toLowerCase() : id;
}
