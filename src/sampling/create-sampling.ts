// Implements createSampling(): a sampler with the span processor that decides at the end of spans.
import type { Attributes, Context, Link, SpanContext, SpanKind, TracerProvider } from '@opentelemetry/api';
import type { ReadableSpan, Sampler, SamplingResult, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { reportFault } from '../common/faults.ts';
import type { SamplingHint } from '../common/sampling-hint.ts';
import { anyOf } from './any-of.ts';
import { checkCount, checkNames } from '../common/check-options.ts';
import type { ConsistentSampler } from './consistent-sampler.ts';
import { dropped, recorded } from './decision.ts';
import { ErrorBoost, type ErrorBoostOptions } from './error-boost.ts';
import { isSampledSpan } from './exported-span.ts';
import { alwaysOn } from './fixed.ts';
import { GuardedProcessor } from './guarded-processor.ts';
import { composable } from './foreign.ts';
import { samplerFrom, wholeTraces, type SamplerConfig } from './from-options.ts';
import type { HeldSpans } from '../common/held-spans.ts';
import type { Deliver } from './deliver.ts';
import { readOtMember } from './ot-member.ts';
import { withRoot } from './parent-based.ts';
import { LinkedRandomness } from './linked-randomness.ts';
import { Switchable } from './switchable.ts';
import { checkTailConditions, type OptionPath, tailJudge, type TailConditions } from './tail-conditions.ts';
import { leavesDecisionToCollector, type TailDecision } from './tail-decision.ts';
import { tailLimits, TailSampler, type TailLimits } from './tail-sampler.ts';
import { TraceCap } from './trace-cap.ts';

/** Options that need the end of a span, which a sampler alone does not see. */
export interface TailSamplingOptions extends TailConditions {
  /** Raises the rate while many spans fail. Together with a `sampler`, traces that either keeps are kept. */
  readonly errorBoost?: ErrorBoostOptions | undefined;
  /** The maximum number of traces exported per second, each complete. Default: no limit. */
  readonly maxTracesPerSecond?: number | undefined;
  /** How much may be held while local roots are running; beyond it, the head sampler's decision is used. */
  readonly held?: TailLimits | undefined;
}

/** Options of {@link createSampling}. */
export interface SamplingOptions extends TailSamplingOptions {
  /**
   * The head sampler: a sampler or plain data, wrapped in `parentBased` unless it is one. Default: keeps all, or only `errorBoost`
   * if that is set.
   */
  readonly sampler?: Sampler | SamplerConfig | undefined;
  /**
   * `'collector'`: OpenTelemetry's Collectors with tail sampling decide at the end of whole traces. Everything is sent to them, or
   * the share that `sampler` keeps. A trace that links to another one is part of the same share (`rv` in the trace state). Options
   * with which this process decides at the end of spans throw. Default: not used.
   */
  readonly tail?: TailDecision | undefined;
}

/** The names of {@link SamplingOptions}. @internal */
export const samplingOptionNames: readonly (keyof SamplingOptions)[] = [
  'sampler',
  'tail',
  'keepErrors',
  'keepSlow',
  'keepWhen',
  'errorBoost',
  'maxTracesPerSecond',
  'held',
];

/** A sampler and a span processor that have to be used together. */
export interface Sampling extends HeldSpans {
  /** For the provider. */
  readonly sampler: Sampler;
  /** For the provider, instead of the processors that it was created with. */
  readonly spanProcessor: SpanProcessor;
  /** Replaces the head sampler at run time; started spans are not affected. Wrapped as in the options. */
  setSampler(sampler: Sampler | SamplerConfig): void;
}

/** Wraps the head sampler: spans that it drops are still recorded, so that the processor can decide at their end. */
class RecordAll implements Sampler {
  readonly #head: Switchable;

  constructor(head: Switchable) {
    this.#head = head;
  }

  get readsOnly(): boolean {
    return this.#head.readsOnly;
  }

  get ignoresAttributes(): boolean {
    return this.#head.ignoresAttributes;
  }

  get ignoresLinks(): boolean {
    return this.#head.ignoresLinks;
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const result = this.#head.shouldSample(context, traceId, name, kind, attributes, links);
    return result.decision === dropped ? { ...result, decision: recorded } : result;
  }

  toString(): string {
    return String(this.#head);
  }
}

const highestTraceId = 'f'.repeat(32);

/** @internal */
export class SamplingPair implements Sampling, SpanProcessor {
  readonly sampler: Switchable | RecordAll;
  readonly #head: Switchable;
  readonly #next: readonly SpanProcessor[];
  readonly #boost: ErrorBoost | undefined;
  readonly #tail: TailSampler | undefined;
  readonly #cap: TraceCap | undefined;
  readonly #recordsAll: boolean;
  readonly #keep: Deliver;
  #sampledOut = 0;

  /**
   * @param where - names an option in the error for an invalid value.
   * @param head - a complete sampler that is not wrapped: the one named by an environment variable.
   */
  constructor(where: OptionPath, options: SamplingOptions, next: readonly SpanProcessor[], head?: Sampler) {
    checkNames(where(), options, samplingOptionNames);
    const { errorBoost, maxTracesPerSecond: k, held } = options;
    const collectorDecides = leavesDecisionToCollector(where, options);
    checkTailConditions(where, options);
    const limits = tailLimits(where('held'), held);
    this.#next = next;
    const deliver: Deliver = (span) => {
      for (let each = 0; each < next.length; each++) handOver(next[each]!, span);
    };
    if (k !== undefined) {
      checkCount(where('maxTracesPerSecond'), k);
      this.#cap = new TraceCap(k, deliver);
    }
    const cap = this.#cap;
    this.#keep = cap ? (span) => cap.end(span) : deliver;
    const judge = tailJudge(options);
    if (judge) this.#tail = new TailSampler(judge, limits, this.#keep);
    if (errorBoost !== undefined) this.#boost = new ErrorBoost(where('errorBoost'), errorBoost);
    this.#recordsAll = judge !== undefined || errorBoost !== undefined;
    const option = options.sampler === undefined ? undefined : samplerFrom(options.sampler, where('sampler'));
    const own = head ? composable('head', head) : wholeTraces(option ?? this.#boost ?? alwaysOn, where('sampler'));
    this.#head = collectorDecides ? new LinkedRandomness(own) : new Switchable(this.#boosted(own));
    this.sampler = this.#recordsAll ? new RecordAll(this.#head) : this.#head;
  }

  get spanProcessor(): SpanProcessor {
    return this;
  }

  get held(): number {
    return (this.#tail?.held ?? 0) + (this.#cap?.held ?? 0);
  }

  get heldBytes(): number {
    return (this.#tail?.heldBytes ?? 0) + (this.#cap?.heldBytes ?? 0);
  }

  get sampledOut(): number {
    return this.#sampledOut + (this.#tail?.sampledOut ?? 0);
  }

  get capped(): number {
    return this.#cap?.capped ?? 0;
  }

  /** Whether spans are held after their end. */
  get keepsSpans(): boolean {
    return this.#tail !== undefined || this.#cap !== undefined;
  }

  setSampler(sampler: Sampler | SamplerConfig): void {
    this.#head.current = this.#boosted(wholeTraces(samplerFrom(sampler, 'setSampler(sampler)'), 'setSampler(sampler)'));
  }

  settle(): void {
    this.#tail?.release(true);
    this.#cap?.settle();
  }

  /** Lets wrappers skip spans that are certainly not sampled. */
  hintFor(provider: TracerProvider): SamplingHint {
    return {
      version: 1,
      provider,
      skipsBelow: (parent) => this.#skipsBelow(parent),
      // A sampler that decides only by the trace id keeps the highest one if it keeps any.
      skipsRoots: () => !this.#recordsAll && this.#head.neverSamplesRoot(highestTraceId),
    };
  }

  onStart(span: Span, parentContext: Context): void {
    for (const processor of this.#next) processor.onStart(span, parentContext);
    this.startHolding(span);
  }

  /** Handles the start of a span for the tail sampler. */
  startHolding(span: Span): void {
    this.#tail?.start(span.spanContext(), span.parentSpanContext);
  }

  onEnding(span: Span): void {
    for (const processor of this.#next) processor.onEnding?.(span);
  }

  onEnd(span: ReadableSpan): void {
    this.#boost?.observe(span);
    if (this.#tail) this.#tail.end(span);
    else if (isSampledSpan(span)) this.#keep(span);
    else this.#sampledOut++;
  }

  /** Passes spans to the exporter that are already decided. */
  release(): void {
    this.#tail?.release(false);
    this.#cap?.settle();
  }

  async forceFlush(): Promise<void> {
    this.release();
    await Promise.all(this.#next.map((processor) => processor.forceFlush()));
  }

  async shutdown(): Promise<void> {
    this.settle();
    await Promise.all(this.#next.map((processor) => processor.shutdown()));
  }

  #boosted(head: ConsistentSampler): ConsistentSampler {
    const boost = this.#boost;
    return boost ? withRoot(head, (root) => (root === boost ? root : anyOf(boost, root))) : head;
  }

  #skipsBelow(parent: SpanContext): boolean {
    if (this.#recordsAll || !this.#head.neverSamplesBelowUnsampled(parent)) return false;
    // A threshold may contradict the flag; then a span must be created, which erases the threshold.
    return readOtMember(parent.traceState)?.threshold === undefined;
  }
}

/** Kept spans may come from a timer, where an exception would end the process. */
function handOver(processor: SpanProcessor, span: ReadableSpan): void {
  try {
    processor.onEnd(span);
  } catch (error) {
    reportFault('onEnd of a span processor', error);
  }
}

/**
 * Sampling for your own provider: a sampler and its span processor, which have to be used together.
 *
 *     const sampling = createSampling({ sampler: ratio(0.1), keepErrors: true }, new BatchSpanProcessor({ exporter }));
 *     new NodeTracerProvider({ sampler: sampling.sampler, spanProcessors: [sampling.spanProcessor] });
 *
 * With `keepErrors`, `keepSlow`, `keepWhen` or `errorBoost` every span is recorded, with the cost of a recorded span. The first
 * three keep only this process's part of a trace: services before and after it have followed the head sampler. `startTracing({
 * sampling })` takes the same options.
 *
 * @param processors - they receive the kept spans.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function createSampling(options: SamplingOptions, ...processors: SpanProcessor[]): Sampling {
  const where: OptionPath = (name) => (name === undefined ? 'createSampling(options)' : `createSampling({ ${name} })`);
  return new SamplingPair(
    where,
    options,
    processors.map((each) => new GuardedProcessor(each)),
  );
}
