// Creates light spans with the same decisions as the SDK's tracer.
import {
  type Context,
  context as contextApi,
  diag,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  trace,
  type Tracer,
  TraceFlags,
} from '@opentelemetry/api';
import type { IdGenerator, Sampler } from '@opentelemetry/sdk-trace';
import { dropped, recordedAndSampled } from '../config/sampling-decision.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { flatten, plainLinks, setAllFlat, toObject } from './flat-attributes.ts';
import { type LightSource, LightSpan } from './light-span.ts';

const noAttributes = Object.freeze({});

/** A sampler that may declare that it never modifies the given attributes and links. @internal */
export interface LightSampler extends Sampler {
  readonly readsOnly?: boolean | undefined;
}

/** The settings of a light tracer. @internal */
export interface LightDecisions {
  readonly sampler: LightSampler;
  readonly idGenerator: IdGenerator;
}

/**
 * A tracer of light spans. Spans that are not simple from the start (values with special rules, too many attributes or links,
 * suppressed tracing) are delegated to the SDK's tracer of the same name.
 *
 * @internal
 */
export class LightTracer implements Tracer {
  readonly #sdk: Tracer;
  readonly #source: LightSource;
  readonly #sampler: LightSampler;
  readonly #ids: IdGenerator;

  constructor(sdk: Tracer, source: LightSource, { sampler, idGenerator }: LightDecisions) {
    this.#sdk = sdk;
    this.#source = source;
    this.#sampler = sampler;
    this.#ids = idGenerator;
  }

  startSpan(name: string, options: SpanOptions = {}, given: Context = contextApi.active()): Span {
    const source = this.#source;
    const { limits, countsOnLinks } = source;
    const flat = flatten(options.attributes, limits);
    const links = flat === undefined ? undefined : plainLinks(options.links, limits, countsOnLinks);
    const context = options.root ? trace.deleteSpan(given) : given;
    if (flat === undefined || links === undefined || isTracingSuppressed(context)) {
      return this.#sdk.startSpan(name, options, given);
    }
    const above = trace.getSpan(context)?.spanContext();
    const parent = above !== undefined && isValidSpanContext(above) ? above : undefined;
    // In the SDK's order, for id generators that count.
    const spanId = this.#ids.generateSpanId();
    const traceId = parent === undefined ? this.#ids.generateTraceId() : parent.traceId;
    const kind = options.kind ?? SpanKind.INTERNAL;

    const sampler = this.#sampler;
    const readsOnly = sampler.readsOnly === true;
    // Another sampler may modify them, and the SDK uses the modified values.
    const attributes = readsOnly ? (options.attributes ?? noAttributes) : toObject(flat);
    const shown = readsOnly || countsOnLinks ? links : links.map(withAttributes);
    const result = sampler.shouldSample(context, traceId, name, kind, attributes, shown);
    const spanContext = {
      traceId,
      spanId,
      traceFlags: result.decision === recordedAndSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      traceState: result.traceState ?? parent?.traceState,
    } as SpanContext;
    if (result.decision === dropped) {
      diag.debug('Recording is off, propagating context in a non-recording span');
      return trace.wrapSpanContext(spanContext);
    }

    const span = new LightSpan(source, spanContext, parent, name, kind, flat, links, options.startTime);
    if (!readsOnly) {
      span.startWith(Object.assign(attributes, result.attributes), shown);
    } else if (result.attributes !== undefined && !setAllFlat(flat, result.attributes, limits)) {
      span.startWith(Object.assign(toObject(flat), result.attributes), links);
    }
    source.processor.onStart(span, context);
    return span;
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    if (rest.length === 0) return undefined;
    const fn = rest[Math.min(rest.length, 3) - 1] as (span: Span) => unknown;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined;
    const parent = (rest.length > 2 ? (rest[1] as Context) : undefined) ?? contextApi.active();
    const span = this.startSpan(name, options, parent);
    return contextApi.with(trace.setSpan(parent, span), fn, undefined, span);
  }
}

/** Version 2 of the SDK passes links with attributes to samplers. */
function withAttributes({ context, attributes }: Link): Link {
  return { context, attributes: attributes ?? {} };
}
