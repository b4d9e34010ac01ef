// Recognizes a tracer of the unmodified SDK, and creates a tracer of light spans in its place.
import type { Tracer } from '@opentelemetry/api';
import type { IdGenerator, ReadableSpan, Sampler, SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace';
import { classOf } from '../common/class-of.ts';
import { isUnmodified } from '../common/stock-sampler.ts';
import type { LightSource } from './light-source.ts';
import { type LightDecisions, LightTracer } from './light-tracer.ts';
import { randomIds } from './random-ids.ts';
import { SdkTwins } from './sdk-twins.ts';

/** The properties of the tracer of `@opentelemetry/sdk-trace`, versions 2.12 and 3. All but one are private. */
interface StockTracer extends Tracer {
  readonly _sampler: Sampler;
  readonly _spanLimits: Required<SpanLimits>;
  readonly _idGenerator: IdGenerator;
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  readonly _resource: ReadableSpan['resource'];
  readonly _spanProcessor: { readonly _spanProcessors: readonly SpanProcessor[] };
  readonly _tracerMetrics: { readonly startedSpans: object; readonly liveSpans: object };
}

const properties = '_idGenerator _resource _sampler _spanLimits _spanProcessor _tracerMetrics instrumentationScope';
const limitNames = [
  'attributeCountLimit',
  'attributeValueLengthLimit',
  'eventCountLimit',
  'linkCountLimit',
  'attributePerEventCountLimit',
  'attributePerLinkCountLimit',
] as const;

/**
 * Whether an object is of this class of the SDK, not of a subclass, and no method of the class was replaced, as patches do, which
 * give a method another name.
 */
function isOfClass(value: unknown, name: string): value is object {
  if (classOf(value) !== name) return false;
  const prototype = Object.getPrototypeOf(value) as object;
  if (Object.getPrototypeOf(prototype) !== Object.prototype) return false;
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).every(
    ([key, { value: method }]) =>
      key === 'constructor' || method === undefined || (method as { name?: unknown }).name === key,
  );
}

function isStockTracer(tracer: Tracer): tracer is StockTracer {
  return isOfClass(tracer, 'Tracer') && Object.keys(tracer).toSorted().join(' ') === properties;
}

/** Why the spans of this tracer are not light; undefined if they can be. */
function obstacleTo(tracer: Tracer, processor: SpanProcessor): string | undefined {
  if (!isStockTracer(tracer)) return 'its tracer is not that of @opentelemetry/sdk-trace 2.12 or 3, or it was modified';
  const { _spanProcessor: all, _tracerMetrics: metrics, _spanLimits: limits } = tracer;
  if (!isOfClass(all, 'MultiSpanProcessor') || all._spanProcessors.length !== 1 || all._spanProcessors[0] !== processor)
    return 'it has other span processors';
  const { startedSpans: started, liveSpans: live } = metrics;
  if (classOf(started) !== 'NoopCounterMetric' || classOf(live) !== 'NoopUpDownCounterMetric')
    return 'it has a meter provider, which counts its spans';
  const areKnown = limitNames.every((name) => typeof limits[name] === 'number' && limits[name] >= 0);
  if (!areKnown || limits.attributeValueLengthLimit < 1) return 'its span limits are invalid';
  return undefined;
}

/** Whether a sampler is one of the SDK's, which never write attributes, and read neither attributes nor links. */
function isStock(sampler: unknown): boolean {
  if (['AlwaysOnSampler', 'AlwaysOffSampler', 'TraceIdRatioBasedSampler'].some((name) => isUnmodified(sampler, name))) {
    return true;
  }
  return (
    isUnmodified(sampler, 'ParentBasedSampler') &&
    isStock(sampler._root) &&
    isStock(sampler._remoteParentSampled) &&
    isStock(sampler._remoteParentNotSampled) &&
    isStock(sampler._localParentSampled) &&
    isStock(sampler._localParentNotSampled)
  );
}

/** Version 2 has functions of this name on each generator, version 3 has methods. */
function isStockGenerator(ids: IdGenerator): boolean {
  if (!isOfClass(ids, 'RandomIdGenerator')) return false;
  return (Object.values(ids) as unknown[]).every((each) => typeof each === 'function' && each.name === 'generateId');
}

function decisionsOf({ _sampler: sampler, _idGenerator: ids }: StockTracer): LightDecisions {
  const hasValidIds = isStockGenerator(ids);
  // From the same random numbers, ours makes the same ids.
  const idGenerator = hasValidIds ? randomIds : ids;
  if (!isStock(sampler)) return { sampler, idGenerator, hasValidIds };
  const asked: LightDecisions['sampler'] = {
    readsOnly: true,
    ignoresAttributes: true,
    ignoresLinks: true,
    shouldSample: (context, traceId, name, kind, attributes, links) =>
      sampler.shouldSample(context, traceId, name, kind, attributes, links),
    toString: () => sampler.toString(),
  };
  return { sampler: asked, idGenerator, hasValidIds };
}

/** Twins are spans of the same tracer, with other parts. */
function twinsOf(tracer: StockTracer): SdkTwins {
  return new SdkTwins(({ sampler, idGenerator, processor }) => {
    const parts = { _sampler: sampler, _idGenerator: idGenerator, _spanProcessor: processor };
    return Object.assign(Object.create(tracer) as Tracer, parts);
  });
}

function lightTracer(tracer: StockTracer, processor: LightSource['processor'], twins: SdkTwins): LightTracer {
  const source: LightSource = {
    resource: tracer._resource,
    scope: tracer.instrumentationScope,
    processor,
    limits: tracer._spanLimits,
    countsOnLinks: twins.countsOnLinks,
    twins,
  };
  return new LightTracer(tracer, source, decisionsOf(tracer));
}

/**
 * A tracer of light spans with the settings of a tracer of the SDK, whose only span processor is the given one. Undefined if the
 * tracer is not certainly the SDK's, unmodified.
 *
 * @param decline - called with the reason if it returns undefined.
 * @internal
 */
export function lightTracerFor(
  tracer: Tracer,
  processor: SpanProcessor,
  decline: (reason: string) => void,
): LightTracer | undefined {
  const obstacle = obstacleTo(tracer, processor);
  if (obstacle !== undefined) {
    decline(obstacle);
    return undefined;
  }
  const twins = twinsOf(tracer as StockTracer);
  if (isOfClass(twins.probe(), 'SpanImpl')) return lightTracer(tracer as StockTracer, processor, twins);
  decline('its spans were modified');
  return undefined;
}
