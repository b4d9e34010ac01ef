// Resolves contexts, span contexts and captured contexts to span contexts.
import {
  type Baggage,
  type Context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { isContext } from '../common/active-context.ts';
import { type CapturedContext, restoreContext } from '../propagation/captured-context.ts';
import { originOf, type PipelineOrigin } from '../propagation/pipeline-origin.ts';

/** Anything that identifies a span: a context, a span context, or a captured context. */
export type ContextSource = Context | SpanContext | CapturedContext;

/** @internal */
export function toContext(source: ContextSource): Context | undefined {
  return isContext(source) ? source : isSpanContext(source) ? undefined : restoreContext(source);
}

/**
 * Links to the spans of the sources, without duplicates. Sources without a valid span context are skipped.
 *
 *     tracer.startSpan('settle the day', { links: linksTo(rows.map((row) => row.context)) });
 */
export function linksTo(sources: Iterable<ContextSource>): Link[] {
  const links = new Map<string, Link>();
  for (const source of sources) {
    const context = toContext(source);
    const spanContext = context === undefined ? (source as SpanContext) : trace.getSpanContext(context);
    if (spanContext === undefined || !trace.isSpanContextValid(spanContext)) continue;
    links.set(`${spanContext.traceId}${spanContext.spanId}`, { context: spanContext });
  }
  return [...links.values()];
}

/** The baggage entries that all contexts have with the same value; undefined for none. @internal */
export function commonBaggage(sources: readonly ContextSource[]): Baggage | undefined {
  const all = sources.map((source) => {
    const context = toContext(source);
    return context === undefined ? undefined : propagation.getBaggage(context);
  });
  const [first, ...rest] = all;
  if (first === undefined) return undefined;
  const common = first
    .getAllEntries()
    .filter(([key, { value }]) => rest.every((baggage) => baggage?.getEntry(key)?.value === value));
  return common.length === 0 ? undefined : propagation.createBaggage(Object.fromEntries(common));
}

/** The origin of the oldest pipeline among them; undefined for none. @internal */
export function oldestOrigin(sources: readonly ContextSource[]): PipelineOrigin | undefined {
  let oldest: PipelineOrigin | undefined;
  for (const source of sources) {
    const context = toContext(source) ?? trace.setSpanContext(ROOT_CONTEXT, source as SpanContext);
    const origin = originOf(context);
    if (origin !== undefined && !(oldest !== undefined && oldest.startMs <= origin.startMs)) oldest = origin;
  }
  return oldest;
}

function isSpanContext(source: ContextSource): source is SpanContext {
  const { traceId, spanId } = (source ?? {}) as Partial<SpanContext>;
  return typeof traceId === 'string' && typeof spanId === 'string';
}
