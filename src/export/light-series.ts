// Creates many spans of one operation that end when they start: one object is reused for all of them.
import { type Attributes, type Context, diag, type Link, type SpanContext, TraceFlags } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import type { PreparedSpan, SpanSeries } from '../common/prepared-span.ts';
import { hasLowerCaseIds, isValidSpanContext, markValid } from '../common/valid-span-context.ts';
import { dropped, recordedAndSampled } from '../config/sampling-decision.ts';
import { type FlatAttributes, noFlat, noLinks } from './flat-attributes.ts';
import { addSampled, flattenOwn, type LightParts, withSampled } from './light-parts.ts';
import type { LightSource } from './light-source.ts';
import { LightSpan } from './light-span.ts';
import type { LightDecisions } from './light-tracer.ts';

/**
 * The spans are those that the tracer would start and end, with the same ids, sampling decisions and counts. Only for a processor that
 * keeps no spans.
 *
 * @internal
 */
export class LightSeries implements SpanSeries {
  readonly #source: LightSource;
  readonly #decisions: LightDecisions;
  readonly #prepared: PreparedSpan;
  readonly #parts: LightParts;
  readonly #context: Context;
  readonly #parent: SpanContext;
  readonly #span: LightSpan;

  /**
   * @param parts - those of the prepared span.
   * @param context - contains the parent.
   * @param parent - valid.
   */
  constructor(
    source: LightSource,
    decisions: LightDecisions,
    prepared: PreparedSpan,
    parts: LightParts,
    context: Context,
    parent: SpanContext,
  ) {
    this.#source = source;
    this.#decisions = decisions;
    this.#prepared = prepared;
    this.#parts = parts;
    this.#context = context;
    this.#parent = parent;
    this.#span = this.#spanOf(parent, parts, noFlat);
    this.#span.setEnd(undefined);
  }

  #spanOf(context: SpanContext, parts: LightParts, flat: FlatAttributes): LightSpan {
    const { name, kind } = this.#prepared;
    return new LightSpan(this.#source, context, this.#parent, name, kind, parts, flat, noLinks as Link[], undefined);
  }

  add(own: Attributes | undefined): SpanContext | undefined {
    const parts = this.#parts;
    const flat = flattenOwn(parts, own);
    if (flat === undefined) return undefined;
    const parent = this.#parent;
    const { sampler, idGenerator, hasValidIds } = this.#decisions;
    const { name, kind, attributes } = this.#prepared;
    const { traceId } = parent;
    const isLower = isValidSpanContext(parent) && hasLowerCaseIds(parent);
    const spanId = idGenerator.generateSpanId();
    const result = sampler.shouldSample(this.#context, traceId, name, kind, attributes, noLinks as Link[]);
    const spanContext = {
      traceId,
      spanId,
      traceFlags: result.decision === recordedAndSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      traceState: result.traceState ?? parent.traceState,
    } as SpanContext;
    if (hasValidIds) markValid(spanContext, isLower);
    if (result.decision === dropped) {
      diag.debug('Recording is off, propagating context in a non-recording span');
      return spanContext;
    }
    const added = result.attributes;
    const all = added === undefined ? parts : withSampled(parts, added, flat);
    if (all === undefined) this.#addUnusual(spanContext, added!, flat);
    else this.#span.repeat(spanContext, all, flat, this.#context);
    return spanContext;
  }

  /** Adds a span whose sampling result has attributes that are not simple. */
  #addUnusual(spanContext: SpanContext, added: Attributes, flat: FlatAttributes): void {
    const parts = this.#parts;
    const span = this.#spanOf(spanContext, parts, flat);
    addSampled(span, added, parts, flat, noLinks as Link[], this.#prepared.details);
    this.#source.processor.onStart(span, this.#context);
    try {
      span.end();
    } catch (error) {
      reportFault('ending a span', error);
    }
  }
}
