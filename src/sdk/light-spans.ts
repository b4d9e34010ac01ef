// Makes a provider return a tracer of light spans to the wrappers.
import type { Tracer, TracerOptions } from '@opentelemetry/api';
import type { IdGenerator, ReadableSpan, SpanLimits, TracerProvider } from '@opentelemetry/sdk-trace';
import type { LightSource } from '../export/light-source.ts';
import { type LightSampler, LightTracer } from '../export/light-tracer.ts';
import { SdkTwins } from '../export/sdk-twins.ts';

/** The parts of a provider. @internal */
export interface ProviderParts {
  /** Loaded on demand by startTracing(). */
  readonly Provider: typeof TracerProvider;
  readonly resource: ReadableSpan['resource'];
  readonly sampler: LightSampler;
  readonly spanLimits: SpanLimits;
  readonly processor: LightSource['processor'];
  readonly idGenerator: IdGenerator;
}

/** The specification's defaults: https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits */
const defaultLimits: Required<SpanLimits> = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Infinity,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
};

/**
 * Makes this provider create light spans for the wrappers; every other tracer is the SDK's.
 *
 * @param wrappersName - the name with which the wrappers request a tracer.
 * @internal
 */
export function useLightSpans(provider: TracerProvider, parts: ProviderParts, wrappersName = 'mqtrace'): void {
  const { Provider, resource, sampler, spanLimits, processor, idGenerator } = parts;
  const twins = new SdkTwins(({ processor: forward, ...twinParts }) =>
    new Provider({ ...twinParts, spanLimits, spanProcessors: [forward] }).getTracer('mqtrace twins'),
  );
  const source = {
    resource,
    processor,
    limits: { ...defaultLimits, ...spanLimits },
    countsOnLinks: twins.countsOnLinks,
    twins,
  };
  const tracers = new Map<Tracer, Tracer>();
  const sdkTracer = provider.getTracer.bind(provider);
  const getTracer = (name: string, version?: string, options?: TracerOptions): Tracer => {
    const sdk = sdkTracer(name, version, options);
    if (name !== wrappersName) return sdk;
    let light = tracers.get(sdk);
    if (light === undefined) {
      // The same object as on the SDK's spans, because spans are grouped by it.
      const { instrumentationScope: scope } = sdk as Tracer & { instrumentationScope: LightSource['scope'] };
      tracers.set(
        sdk,
        (light = new LightTracer(sdk, { ...source, scope }, { sampler, idGenerator, hasValidIds: true })),
      );
    }
    return light;
  };
  Object.defineProperty(provider, 'getTracer', { value: getTracer, configurable: true, writable: true });
}
