import { trace, type Context, type SpanContext, type TracerProvider } from '@opentelemetry/api';
import { reportFault } from './faults.ts';
import { refusesBelowUnsampled } from './stock-sampler.ts';
import { isValidSpanContext } from './valid-span-context.ts';
import { isSampled } from './is-sampled.ts';

/**
 * What `startTracing` leaves for the wrappers, which never import the SDK: a way to ask, before a span is made, whether the answer is no
 * already. It lies on `globalThis` under a registered symbol, so that it is found also where a process holds two copies of this package.
 *
 * @internal
 */
export interface SamplingHint {
  /** Changes whenever the meaning of the rest does; a hint of another version is not looked at. */
  readonly version: 1;
  /** The provider that the answer is for. Spans that another one makes are none of its business. */
  readonly provider: TracerProvider;
  /** Whether a span below this parent would be neither recorded nor change what travels on. Asked about unsampled parents only. */
  skipsBelow(parent: SpanContext): boolean;
}

const key = Symbol.for('mqtrace.sampling');

type Holder = Record<symbol, SamplingHint | undefined>;

/** Leaves the hint; undefined takes it away. @internal */
export function setSamplingHint(hint: SamplingHint | undefined): void {
  (globalThis as unknown as Holder)[key] = hint;
}

/** Takes the hint away, if it is this provider's. @internal */
export function removeSamplingHint(provider: TracerProvider): void {
  if ((globalThis as unknown as Holder)[key]?.provider === provider) setSamplingHint(undefined);
}

/**
 * Whether a span below this context need not be made: its parent was not sampled, and the provider that would make it is one of
 * `startTracing`, which would certainly not sample it. The context already says all that an unsampled span would: pass it on unchanged,
 * so that trace id, flag, trace state and baggage travel.
 *
 * False for roots: an unsampled root must still start a trace, or the services after it would each decide anew.
 *
 * @param provider - whose tracer would make the span. Default: the registered one.
 * @param stock - whether a provider of the stock SDK is recognised as well, whose parent-based sampler refuses as certainly.
 * @internal
 */
export function isCertainlyUnsampled(parent: Context, provider?: TracerProvider, stock = false): boolean {
  const hint = (globalThis as unknown as Holder)[key];
  if (hint?.version !== 1 && !stock) return false;
  try {
    const context = trace.getSpanContext(parent);
    if (context === undefined || isSampled(context)) return false;
    const maker = delegateOf(provider ?? trace.getTracerProvider());
    if (hint?.version === 1 && maker === hint.provider) return isValidSpanContext(context) && hint.skipsBelow(context);
    return stock && isValidSpanContext(context) && refusesBelowUnsampled(maker);
  } catch (error) {
    reportFault('asking whether a span is sampled', error);
    return false;
  }
}

/** The provider behind the API's own. It is told by its method: the API may be loaded twice, as ESM and CommonJS. */
function delegateOf(provider: TracerProvider): TracerProvider {
  const proxy = provider as TracerProvider & { getDelegate?: () => TracerProvider };
  return typeof proxy.getDelegate === 'function' ? proxy.getDelegate() : provider;
}
