// Recognizes a tracer whose span processor writes waiting spans before it flushes.
import type { Tracer } from '@opentelemetry/api';
import { delegateOf } from './prepared-span.ts';

/**
 * Set on a span processor whose `forceFlush()`, `shutdown()` and end of the process do all deferred work first. The wrappers never import
 * the processor, and several copies of this package may be loaded.
 *
 * @internal
 */
export const drains: unique symbol = Symbol.for('mqtrace.drainsDeferred.1') as never;

/** The private properties in which the SDK's tracer stores the span processors of its provider. */
interface StockTracer {
  readonly _spanProcessor?: { readonly _spanProcessors?: readonly { readonly [drains]?: boolean }[] };
}

/**
 * Whether the first span processor of this tracer's provider does so: a provider flushes and shuts down its processors in their order, so
 * that the others have the spans, too.
 *
 * @internal
 */
export function drainsDeferred(tracer: Tracer): boolean {
  const processors = (delegateOf(tracer) as unknown as StockTracer)._spanProcessor?._spanProcessors;
  return Array.isArray(processors) && (processors as readonly { [drains]?: boolean }[])[0]?.[drains] === true;
}
