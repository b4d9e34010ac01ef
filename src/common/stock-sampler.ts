// Recognizes a provider of the stock SDK whose sampler drops every span below an unsampled parent.
import { ROOT_CONTEXT, trace, type TracerProvider } from '@opentelemetry/api';

interface SamplerLike {
  shouldSample?: unknown;
  _remoteParentNotSampled?: unknown;
  _localParentNotSampled?: unknown;
}

interface ProviderLike {
  /** The SDK's property names, since 2.12 and before. */
  _tracerOptions?: { sampler?: unknown; meterProvider?: unknown };
  _config?: { sampler?: unknown; meterProvider?: unknown };
}

const providers: ReadonlySet<unknown> = new Set(['TracerProvider', 'BasicTracerProvider', 'NodeTracerProvider']);

let asked: unknown;
let answer = false;

/**
 * Whether this provider creates only non-recording spans below unsampled parents: it is a provider of the stock SDK with the stock
 * parent-based sampler and no overridden methods. The last result is cached.
 *
 * @internal
 */
export function refusesBelowUnsampled(provider: TracerProvider): boolean {
  if (provider === asked) return answer;
  let found = false;
  try {
    found = isStockProvider(provider);
  } catch {
    // A provider that throws is not the stock one; its faults are counted where it is used.
  }
  asked = provider;
  answer = found;
  return found;
}

function isStockProvider(provider: TracerProvider): boolean {
  if (!providers.has(classOf(provider)) || Object.hasOwn(provider, 'getTracer')) return false;
  const { _tracerOptions: newer, _config: older } = provider as unknown as ProviderLike;
  const options = newer ?? older;
  // With a meter provider, dropped spans are counted as well.
  return isStockSampler(options?.sampler) && countsNothing(options?.meterProvider);
}

function countsNothing(meterProvider: unknown): boolean {
  return meterProvider === undefined || classOf(meterProvider) === 'Object';
}

/** Recognized by its class and its delegates, and then by its decisions. */
function isStockSampler(sampler: unknown): boolean {
  if (!isUnmodified(sampler, 'ParentBasedSampler')) return false;
  const { _remoteParentNotSampled: remote, _localParentNotSampled: local } = sampler;
  if (!isUnmodified(remote, 'AlwaysOffSampler') || !isUnmodified(local, 'AlwaysOffSampler')) return false;
  return [true, false].every((isRemote) => [0, 2].every((flags) => refuses(sampler, isRemote, flags)));
}

function isUnmodified(sampler: unknown, name: string): sampler is SamplerLike {
  return classOf(sampler) === name && !Object.hasOwn(sampler as object, 'shouldSample');
}

const traceId = '6d71747261636500000000000000feed';
const spanId = '00f067aa0ba902b7';
/** All five values of SpanKind. */
const kinds = [0, 1, 2, 3, 4];

function refuses(sampler: SamplerLike, isRemote: boolean, traceFlags: number): boolean {
  const parent = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote });
  const { shouldSample } = sampler;
  if (typeof shouldSample !== 'function') return false;
  return kinds.every((kind) => {
    const result = Reflect.apply(shouldSample, sampler, [parent, traceId, 'process', kind, {}, []]) as unknown;
    const { decision, attributes, traceState } = (result ?? {}) as Record<string, unknown>;
    return decision === 0 && attributes === undefined && traceState === undefined;
  });
}

function classOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value.constructor as { name?: string } | undefined)?.name;
}
