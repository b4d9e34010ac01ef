// Creates light spans with the same decisions as the SDK's tracer.
import {
  type Attributes,
  type Context,
  context as contextApi,
  diag,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type TimeInput,
  trace,
  type Tracer,
  TraceFlags,
} from '@opentelemetry/api';
import type { IdGenerator, Sampler } from '@opentelemetry/sdk-trace';
import { dropped, recordedAndSampled } from '../config/sampling-decision.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { hasLowerCaseIds, isValidSpanContext, markValid } from '../common/valid-span-context.ts';
import {
  type Linked,
  linkList,
  type PreparedSpan,
  type PreparedTracer,
  preparedVersion,
} from '../common/prepared-span.ts';
import { type FlatAttributes, flatten, noLinks, ownedLinks, plainLinks, toObject } from './flat-attributes.ts';
import { addSampled, flattenOwn, type LightParts, partsOf, withSampled } from './light-parts.ts';
import { LightSeries } from './light-series.ts';
import type { LightSource } from './light-source.ts';
import { LightSpan } from './light-span.ts';

const noAttributes = Object.freeze({});

/** A sampler that may declare that it never modifies the given attributes and links. @internal */
export interface LightSampler extends Sampler {
  readonly readsOnly?: boolean | undefined;
  /** Whether it never reads the attributes, and links only of roots, so that it may be given only some of them. */
  readonly ignoresAttributes?: boolean | undefined;
  /** Whether it never reads links, not even those of roots. */
  readonly ignoresLinks?: boolean | undefined;
}

/** The settings of a light tracer. @internal */
export interface LightDecisions {
  readonly sampler: LightSampler;
  readonly idGenerator: IdGenerator;
  /** Whether all ids of the generator are valid. */
  readonly hasValidIds: boolean;
}

/**
 * A tracer of light spans. Spans that are not simple from the start (values with special rules, too many attributes or links,
 * suppressed tracing) are delegated to the SDK's tracer of the same name.
 *
 * @internal
 */
export class LightTracer implements PreparedTracer {
  readonly mqtracePrepared: number = preparedVersion;
  readonly #sdk: Tracer;
  readonly #source: LightSource;
  readonly #sampler: LightSampler;
  readonly #ids: IdGenerator;
  readonly #hasValidIds: boolean;
  readonly #decisions: LightDecisions;

  constructor(sdk: Tracer, source: LightSource, decisions: LightDecisions) {
    const { sampler, idGenerator, hasValidIds } = decisions;
    this.#sdk = sdk;
    this.#source = source;
    this.#decisions = decisions;
    this.#sampler = sampler;
    this.#ids = idGenerator;
    this.#hasValidIds = hasValidIds;
  }

  startSpan(name: string, options: SpanOptions = {}, given: Context = contextApi.active()): Span {
    const { limits, countsOnLinks } = this.#source;
    const flat = flatten(options.attributes, limits);
    const links = flat === undefined ? undefined : plainLinks(options.links, limits, countsOnLinks);
    const context = options.root ? trace.deleteSpan(given) : given;
    if (flat === undefined || links === undefined || isTracingSuppressed(context)) {
      return this.#sdk.startSpan(name, options, given);
    }
    const kind = options.kind ?? SpanKind.INTERNAL;
    return this.#start(name, kind, undefined, options.attributes, flat, links, options.startTime, context);
  }

  startPrepared(
    prepared: PreparedSpan,
    own: Attributes | undefined,
    linked: Linked,
    startTime: TimeInput | undefined,
    context: Context,
  ): Span {
    const source = this.#source;
    const { readsOnly, ignoresAttributes, ignoresLinks } = this.#sampler;
    // Another sampler may modify the attributes, of which it gets only some.
    const parts = readsOnly === true ? partsOf(prepared, source) : undefined;
    const flat = parts && flattenOwn(parts, own);
    const mayDefer = typeof linked !== 'function' || (ignoresLinks === true && flat !== undefined);
    const given = mayDefer ? linked : linked();
    const links = typeof given === 'function' ? given : flat && ownedLinks(given, source.limits, source.countsOnLinks);
    if (parts === undefined || flat === undefined || links === undefined || isTracingSuppressed(context)) {
      return this.#startUnusual(prepared, own, given, startTime, context);
    }
    const { name, kind, attributes } = prepared;
    const all = flat.length === 0 || ignoresAttributes === true ? attributes : prepared.with(own);
    return this.#start(name, kind, parts, all, flat, links, startTime, context, prepared.details);
  }

  #startUnusual(
    prepared: PreparedSpan,
    own: Attributes | undefined,
    linked: Linked,
    startTime: TimeInput | undefined,
    context: Context,
  ): Span {
    const options: SpanOptions = { kind: prepared.kind, attributes: prepared.with(own) };
    const links = linkList(linked);
    if (links !== undefined) options.links = links;
    if (startTime !== undefined) options.startTime = startTime;
    const span = this.startSpan(prepared.name, options, context);
    const { details } = prepared;
    if (details !== undefined && span.isRecording()) span.setAttributes(details);
    return span;
  }

  /**
   * @param given - the same attributes as `parts` and `flat` together, without the details, as an object for the sampler.
   * @param details - those of the prepared span, which take precedence over the sampler's attributes.
   */
  #start(
    name: string,
    kind: SpanKind,
    parts: LightParts | undefined,
    given: Attributes | undefined,
    flat: FlatAttributes,
    linked: SpanContext | Link[] | (() => Link[]),
    startTime: TimeInput | undefined,
    context: Context,
    details?: Attributes,
  ): Span {
    const source = this.#source;
    const { countsOnLinks } = source;
    const above = trace.getSpan(context)?.spanContext();
    const parent = above !== undefined && isValidSpanContext(above) ? above : undefined;
    const isLower = parent === undefined || hasLowerCaseIds(parent);
    // In the SDK's order, for id generators that count.
    const spanId = this.#ids.generateSpanId();
    const traceId = parent === undefined ? this.#ids.generateTraceId() : parent.traceId;

    const sampler = this.#sampler;
    const readsOnly = sampler.readsOnly === true;
    // Another sampler may modify them, and the SDK uses the modified values.
    const attributes = readsOnly ? (given ?? noAttributes) : toObject(flat, parts?.flat);
    let shown: Link[] = noLinks as Link[];
    if (typeof linked !== 'function' && (parent === undefined || sampler.ignoresAttributes !== true)) {
      shown = linkList(linked)!;
      if (!readsOnly && !countsOnLinks) shown = shown.map(withAttributes);
    }
    const result = sampler.shouldSample(context, traceId, name, kind, attributes, shown);
    const spanContext = {
      traceId,
      spanId,
      traceFlags: result.decision === recordedAndSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      traceState: result.traceState ?? parent?.traceState,
    } as SpanContext;
    // Both ids are those of the generator or of a valid parent.
    if (this.#hasValidIds) markValid(spanContext, isLower);
    if (result.decision === dropped) {
      diag.debug('Recording is off, propagating context in a non-recording span');
      return trace.wrapSpanContext(spanContext);
    }

    let links: SpanContext | Link[];
    /** Links of which the SDK would drop or change one. */
    let unusual: Link[] | undefined;
    if (typeof linked === 'function') {
      const asked = linked();
      const owned = ownedLinks(asked, source.limits, countsOnLinks);
      if (owned === undefined) unusual = asked;
      links = owned ?? (noLinks as Link[]);
    } else {
      links = linked;
    }
    const added = result.attributes;
    const both = parts === undefined || added === undefined ? undefined : withSampled(parts, added, flat);
    const span = new LightSpan(source, spanContext, parent, name, kind, both ?? parts, flat, links, startTime);
    if (!readsOnly) {
      span.startWith(Object.assign(attributes, added), shown);
    } else if (added !== undefined && both === undefined) {
      addSampled(span, added, parts, flat, unusual ?? links, details);
    }
    if (unusual !== undefined && span.twin === undefined) {
      span.startWith(toObject(span.flat, span.parts?.flat), unusual);
    }
    source.processor.onStart(span, context);
    return span;
  }

  series(prepared: PreparedSpan, context: Context): LightSeries | undefined {
    const source = this.#source;
    const sampler = this.#sampler;
    if (source.processor.keepsNoSpans !== true) return undefined;
    if (sampler.readsOnly !== true || sampler.ignoresAttributes !== true) return undefined;
    const parent = trace.getSpan(context)?.spanContext();
    if (parent === undefined || !isValidSpanContext(parent) || isTracingSuppressed(context)) return undefined;
    const parts = partsOf(prepared, source);
    if (parts === undefined) return undefined;
    return new LightSeries(source, this.#decisions, prepared, parts, context, parent);
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
