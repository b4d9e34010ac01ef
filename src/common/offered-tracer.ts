// Finds the tracer of light spans that a span processor offers in place of a tracer of the stock SDK.
import type { Tracer } from '@opentelemetry/api';

/**
 * The method of a span processor that offers such a tracer. The wrappers never import the processor, and several copies of this
 * package may be loaded. The symbol's name must change when its meaning changes.
 *
 * @internal
 */
export const offersLightTracer: unique symbol = Symbol.for('mqtrace.lightTracer.1') as never;

/** @internal */
export interface OffersLightTracer {
  /** A tracer whose prepared spans equal the spans of this tracer; undefined if that is not certain. */
  readonly [offersLightTracer]: (tracer: Tracer) => Tracer | undefined;
}

/** The private properties in which the SDK's tracer stores the span processors of its provider. */
interface StockTracer {
  readonly _spanProcessor?: { readonly _spanProcessors?: readonly Partial<OffersLightTracer>[] };
}

const offers = new WeakMap<Tracer, { readonly tracer: Tracer | undefined }>();
// Most processes have one tracer for the wrappers.
let asked: Tracer | undefined;
let answer: Tracer | undefined;

/** The tracer that a processor of this tracer's provider offers. Each tracer is asked for once. @internal */
export function offeredTracer(tracer: Tracer): Tracer | undefined {
  if (tracer === asked) return answer;
  let offer = offers.get(tracer);
  if (offer === undefined) offers.set(tracer, (offer = { tracer: ask(tracer) }));
  asked = tracer;
  answer = offer.tracer;
  return answer;
}

function ask(tracer: Tracer): Tracer | undefined {
  try {
    const processors = (tracer as unknown as StockTracer)._spanProcessor?._spanProcessors;
    if (!Array.isArray(processors)) return undefined;
    for (const processor of processors as readonly Partial<OffersLightTracer>[]) {
      const offered = processor[offersLightTracer]?.(tracer);
      if (offered !== undefined) return offered;
    }
  } catch {
    // A tracer that throws here is not the stock one; its faults are counted where it is used.
  }
  return undefined;
}
