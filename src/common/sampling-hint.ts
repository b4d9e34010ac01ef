// Lets wrappers skip spans that are certainly unsampled.
import { trace, type Context, type SpanContext, type TracerProvider } from '@opentelemetry/api';
import { reportFault } from './faults.ts';
import { delegateOf, registeredProvider } from './registered-parts.ts';
import { dropsBelowUnsampled, dropsRoots } from './stock-sampler.ts';
import { isValidSpanContext } from './valid-span-context.ts';
import { isSampled } from './is-sampled.ts';

/**
 * The hint that `startTracing` provides to the wrappers, which never import the SDK: before a span is created, it tells whether the
 * span is certainly unsampled. It is stored on `globalThis` under a registered symbol, so that several copies of this package share it.
 *
 * @internal
 */
export interface SamplingHint {
  /** Must change when the meaning of the other properties changes. A hint of another version is ignored. */
  readonly version: 1;
  /** The provider to which the hint applies. Spans of other providers are not affected. */
  readonly provider: TracerProvider;
  /**
   * Whether a span below this parent would not be recorded and would not change the propagated context. Called for unsampled
   * parents only. The answer must not depend on the ids.
   */
  skipsBelow(parent: SpanContext): boolean;
  /** Whether no root would be recorded, for any trace id, attributes and links. Earlier versions do not set it. */
  skipsRoots?(): boolean;
}

const key = Symbol.for('mqtrace.sampling');

/** Sampled and random. */
const knownFlags = 3;

type Holder = Record<symbol, SamplingHint | undefined>;

/** Sets the hint; undefined removes it. @internal */
export function setSamplingHint(hint: SamplingHint | undefined): void {
  (globalThis as unknown as Holder)[key] = hint;
}

/** Removes the hint if it belongs to this provider. @internal */
export function removeSamplingHint(provider: TracerProvider): void {
  if ((globalThis as unknown as Holder)[key]?.provider === provider) setSamplingHint(undefined);
}

/**
 * Whether a span below this context can be skipped: its parent is not sampled, and its provider is one of `startTracing` that would
 * certainly not sample it. The context already contains what an unsampled span would add: propagate it unchanged, with its trace
 * id, flags, trace state and baggage.
 *
 * False for roots: an unsampled root must still start a trace, or each downstream service would make its own decision.
 *
 * @param provider - the provider whose tracer would create the span. Default: the registered one.
 * @param stock - whether a provider of the stock SDK is recognized as well, whose parent-based sampler is as certain.
 * @internal
 */
export function isCertainlyUnsampled(parent: Context, provider?: TracerProvider, stock = false): boolean {
  return isRefused(parent, provider, stock, false);
}

/** The span contexts of unsampled messages without trace state, by their flags. */
const received: readonly SpanContext[] = [0, 1, 2].map((traceFlags) =>
  Object.freeze({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags, isRemote: true }),
);

/**
 * As {@link isCertainlyUnsampled}, for the context of an unsampled message without trace state, whose ids are valid and have not
 * been read.
 *
 * @param traceFlags - 0, or only the random flag.
 * @internal
 */
export function isReceivedCertainlyUnsampled(traceFlags: number, provider?: TracerProvider, stock = false): boolean {
  const hint = currentHint();
  if (hint === undefined && !stock) return false;
  try {
    return refusesBelow(received[traceFlags]!, delegateOf(provider ?? registeredProvider()), hint, stock);
  } catch (error) {
    reportFault('asking whether a span is sampled', error);
    return false;
  }
}

/**
 * As {@link isCertainlyUnsampled}, and also true for a root that would certainly not be sampled. For operations whose
 * span context is not propagated, such as settlements; otherwise a trace has to be started.
 *
 * @internal
 */
export function isCertainlyDropped(parent: Context, provider?: TracerProvider, stock = false): boolean {
  return isRefused(parent, provider, stock, true);
}

function isRefused(parent: Context, provider: TracerProvider | undefined, stock: boolean, roots: boolean): boolean {
  const hint = currentHint();
  if (hint === undefined && !stock) return false;
  try {
    const context = trace.getSpanContext(parent);
    if (context === undefined ? !roots : isSampled(context)) return false;
    const maker = delegateOf(provider ?? registeredProvider());
    if (context !== undefined) return isValidSpanContext(context) && refusesBelow(context, maker, hint, stock);
    return hint !== undefined && maker === hint.provider ? hint.skipsRoots?.() === true : stock && dropsRoots(maker);
  } catch (error) {
    reportFault('asking whether a span is sampled', error);
    return false;
  }
}

/** The hint, if its meaning is known. */
function currentHint(): SamplingHint | undefined {
  const hint = (globalThis as unknown as Holder)[key];
  return hint?.version === 1 ? hint : undefined;
}

/** Whether a provider would certainly not record a span below this valid, unsampled parent. */
function refusesBelow(
  parent: SpanContext,
  maker: TracerProvider,
  hint: SamplingHint | undefined,
  stock: boolean,
): boolean {
  if (hint !== undefined && maker === hint.provider) return hint.skipsBelow(parent);
  // Stock propagators would write unknown flags, which spans do not inherit.
  return stock && parent.traceFlags <= knownFlags && dropsBelowUnsampled(maker);
}
