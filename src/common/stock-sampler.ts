// Recognizes a provider of the stock SDK whose sampler certainly drops some spans.
import { type Context, ROOT_CONTEXT, trace, type TracerProvider } from '@opentelemetry/api';
import { classOf } from './class-of.ts';

interface SamplerLike {
  shouldSample?: unknown;
  _root?: unknown;
  _ratio?: unknown;
  _remoteParentSampled?: unknown;
  _remoteParentNotSampled?: unknown;
  _localParentSampled?: unknown;
  _localParentNotSampled?: unknown;
}

interface ProviderLike {
  /** The SDK's property names, since 2.12 and before. */
  _tracerOptions?: { sampler?: unknown; meterProvider?: unknown };
  _config?: { sampler?: unknown; meterProvider?: unknown };
}

const providers: ReadonlySet<unknown> = new Set(['TracerProvider', 'BasicTracerProvider', 'NodeTracerProvider']);

/** The spans that a provider certainly drops. */
interface Refusals {
  readonly belowUnsampled: boolean;
  readonly roots: boolean;
}

const nothing: Refusals = { belowUnsampled: false, roots: false };

let asked: unknown;
let answer = nothing;

/**
 * Whether this provider creates only non-recording spans below unsampled parents: it is a provider of the stock SDK with the stock
 * parent-based sampler and no overridden methods. The last result is cached.
 *
 * @internal
 */
export function dropsBelowUnsampled(provider: TracerProvider): boolean {
  return refusalsOf(provider).belowUnsampled;
}

/**
 * Whether this provider, of the same kind, creates only non-recording spans for roots, for any trace ids.
 *
 * @internal
 */
export function dropsRoots(provider: TracerProvider): boolean {
  return refusalsOf(provider).roots;
}

function refusalsOf(provider: TracerProvider): Refusals {
  if (provider === asked) return answer;
  let found = nothing;
  try {
    const sampler = stockSamplerOf(provider);
    if (sampler !== undefined) found = { belowUnsampled: true, roots: refusesEveryRoot(sampler) };
  } catch {
    // A provider that throws is not the stock one; its faults are counted where it is used.
  }
  asked = provider;
  answer = found;
  return found;
}

/** The parent-based sampler of a provider, if both are the stock ones. */
function stockSamplerOf(provider: TracerProvider): SamplerLike | undefined {
  if (!providers.has(classOf(provider)) || Object.hasOwn(provider, 'getTracer')) return undefined;
  const { _tracerOptions: newer, _config: older } = provider as unknown as ProviderLike;
  const { sampler, meterProvider } = newer ?? older ?? {};
  // With a meter provider, dropped spans are counted as well.
  return isStockSampler(sampler) && countsNothing(meterProvider) ? sampler : undefined;
}

function countsNothing(meterProvider: unknown): boolean {
  return meterProvider === undefined || classOf(meterProvider) === 'Object';
}

/** Recognized by its class and its delegates, and then by its decisions. */
function isStockSampler(sampler: unknown): sampler is SamplerLike {
  if (!isUnmodified(sampler, 'ParentBasedSampler')) return false;
  const { _remoteParentNotSampled: remote, _localParentNotSampled: local } = sampler;
  if (!isUnmodified(remote, 'AlwaysOffSampler') || !isUnmodified(local, 'AlwaysOffSampler')) return false;
  return [true, false].every((isRemote) => [0, 2].every((flags) => drops(sampler, below(isRemote, flags))));
}

/** A ratio of 0 is recognized by its value, because its decisions for some trace ids say nothing about others. */
function refusesEveryRoot(sampler: SamplerLike): boolean {
  const { _root: root } = sampler;
  const isOff = isUnmodified(root, 'AlwaysOffSampler');
  const isNone = isUnmodified(root, 'TraceIdRatioBasedSampler') && root._ratio === 0;
  return (isOff || isNone) && drops(sampler, ROOT_CONTEXT);
}

/** Whether a sampler is of this class of the SDK, without a method of its own. @internal */
export function isUnmodified(sampler: unknown, name: string): sampler is SamplerLike {
  return classOf(sampler) === name && !Object.hasOwn(sampler as object, 'shouldSample');
}

const traceId = '6d71747261636500000000000000feed';
const spanId = '00f067aa0ba902b7';
/** All five values of SpanKind. */
const kinds = [0, 1, 2, 3, 4];

function below(isRemote: boolean, traceFlags: number): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote });
}

function drops(sampler: SamplerLike, parent: Context): boolean {
  const { shouldSample } = sampler;
  if (typeof shouldSample !== 'function') return false;
  return kinds.every((kind) => {
    const result = Reflect.apply(shouldSample, sampler, [parent, traceId, 'process', kind, {}, []]) as unknown;
    const { decision, attributes, traceState } = (result ?? {}) as Record<string, unknown>;
    return decision === 0 && attributes === undefined && traceState === undefined;
  });
}
