// Recognizes requests for which Next.js creates a span: its `fetch` has one of kind CLIENT, and writes no headers.
import { type Context, trace } from '@opentelemetry/api';

interface NextFetch {
  /** A property of the `fetch` with which Next.js replaces the global one. */
  readonly __nextPatched?: unknown;
}

/** The types of the spans of a fetch, in the attribute `next.span_type`. */
const fetchSpans: ReadonlySet<unknown> = new Set(['AppRender.fetch', 'NextNodeServer.internalFetch']);

/**
 * Whether Next.js creates a span for a call of this `fetch`, or has created one: it may have replaced a global `fetch` that was already
 * traced. Its variable `NEXT_OTEL_FETCH_DISABLED` disables these spans.
 */
export function isTracedByNext(fetch: object, active: Context): boolean {
  if ((fetch as NextFetch).__nextPatched === true && process.env['NEXT_OTEL_FETCH_DISABLED'] !== '1') return true;
  const span = trace.getSpan(active) as { attributes?: Readonly<Record<string, unknown>> } | undefined;
  return fetchSpans.has(span?.attributes?.['next.span_type']);
}
