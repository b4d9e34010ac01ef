// Holds the spans of a local trace until its end, and decides then.
import type { SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { RecentMap } from '../common/recent-map.ts';
import { checkCount, checkNames, checkPositive } from '../common/check-options.ts';
import { estimatedBytes, exportedSpan, isSampledSpan, markKeptFailure } from './exported-span.ts';
import type { Deliver } from './deliver.ts';
import type { TailJudge, TailReason } from './tail-conditions.ts';
import { always } from './threshold.ts';
import { isSampled } from '../common/is-sampled.ts';

/** How much may be held while local roots are running. Beyond these limits, the head sampler's decision is used. */
export interface TailLimits {
  /** Local traces that have not ended. Default 10,000. */
  readonly traces?: number | undefined;
  /** Ended spans in these traces. Default 50,000. */
  readonly spans?: number | undefined;
  /** Seconds since the local root started. Default 60. */
  readonly seconds?: number | undefined;
}

/** A local root and all spans below it in this process. */
interface LocalTrace {
  readonly root: SpanContext;
  readonly startedAt: number;
  held: ReadableSpan[];
  /** Undefined while open; with `head`, the sampled flag of each span decides. */
  verdict: TailReason | 'head' | undefined;
}

/** The minimum number of decided roots that are remembered by id, for children whose parent is known only by its ids. */
const remembered = 10_000;

type CheckedLimits = Readonly<Record<keyof TailLimits, number>>;

/** Validates the limits and applies the defaults; `where` names the option in an error. @internal */
export function tailLimits(where: string, limits: TailLimits = {}): CheckedLimits {
  checkNames(where, limits, ['traces', 'spans', 'seconds']);
  const { traces = 10_000, spans = 50_000, seconds = 60 } = limits;
  checkCount(`${where}.traces`, traces);
  checkCount(`${where}.spans`, spans);
  checkPositive(`${where}.seconds`, seconds);
  return { traces, spans, seconds };
}

/** @internal */
export class TailSampler {
  readonly #judge: TailJudge;
  readonly #deliver: Deliver;
  readonly #limits: CheckedLimits;
  readonly #traceOf = new WeakMap<SpanContext, LocalTrace>();
  readonly #decided = new RecentMap<string, LocalTrace>(remembered);
  /** In the order in which they started. */
  readonly #open = new Set<LocalTrace>();
  #timer: NodeJS.Timeout | undefined;
  held = 0;
  heldBytes = 0;
  sampledOut = 0;

  constructor(judge: TailJudge, limits: CheckedLimits, deliver: Deliver) {
    this.#judge = judge;
    this.#deliver = deliver;
    this.#limits = limits;
  }

  start(own: SpanContext, parent: SpanContext | undefined): void {
    const above = parent && parent.isRemote !== true ? this.#find(parent) : undefined;
    this.#traceOf.set(own, above ?? this.#newTrace(own));
  }

  end(span: ReadableSpan): void {
    const context = span.spanContext();
    const trace = this.#traceOf.get(context);
    const reason = this.#judge(span);
    if (!trace) {
      this.#pass(span, reason ?? 'head');
      return;
    }
    if (trace.verdict === undefined) {
      this.#hold(trace, span);
      if (reason) this.#decide(trace, reason);
      else if (trace.root === context || this.held > this.#limits.spans) this.#decide(trace, 'head');
      return;
    }
    // A failure takes precedence: it is kept first if traces are limited.
    if (reason === 'keepErrors' && trace.verdict !== 'head') trace.verdict = reason;
    this.#pass(span, trace.verdict);
  }

  /** Exports what the head sampler kept; the rest is held further, unless `all` is set. */
  release(all: boolean): void {
    for (const trace of this.#open) if (all || isSampled(trace.root)) this.#decide(trace, 'head');
  }

  #find(parent: SpanContext): LocalTrace | undefined {
    return this.#traceOf.get(parent) ?? this.#decided.get(parent.spanId);
  }

  #newTrace(root: SpanContext): LocalTrace {
    const trace: LocalTrace = { root, startedAt: performance.now(), held: [], verdict: undefined };
    if (this.#open.size >= this.#limits.traces) this.#expire();
    if (this.#open.size >= this.#limits.traces) {
      this.#decide(trace, 'head');
    } else {
      this.#open.add(trace);
      this.#watch();
    }
    return trace;
  }

  #hold(trace: LocalTrace, span: ReadableSpan): void {
    trace.held.push(span);
    this.held++;
    this.heldBytes += estimatedBytes(span);
  }

  #decide(trace: LocalTrace, verdict: TailReason | 'head'): void {
    trace.verdict = verdict;
    this.#open.delete(trace);
    this.#decided.set(trace.root.spanId, trace);
    const { held } = trace;
    trace.held = [];
    for (const span of held) {
      this.held--;
      this.heldBytes -= estimatedBytes(span);
      this.#pass(span, verdict);
    }
  }

  #pass(span: ReadableSpan, verdict: TailReason | 'head'): void {
    if (verdict !== 'head') {
      // Kept with certainty for any R, so its weight is 1, also if the head sampler would have kept it.
      const kept = exportedSpan(span, always, verdict);
      this.#deliver(verdict === 'keepErrors' ? markKeptFailure(kept) : kept);
    } else if (isSampledSpan(span)) {
      this.#deliver(span);
    } else {
      this.sampledOut++;
    }
  }

  #watch(): void {
    const [oldest] = this.#open;
    if (this.#timer || !oldest) return;
    const ms = this.#limits.seconds * 1000;
    const left = oldest.startedAt + ms - performance.now();
    const expire = (): void => {
      this.#timer = undefined;
      this.#expire();
      this.#watch();
    };
    // Not repeated for each of many that expire one after another.
    this.#timer = setTimeout(expire, Math.max(left, ms / 10));
    this.#timer.unref();
  }

  #expire(): void {
    const before = performance.now() - this.#limits.seconds * 1000;
    for (const trace of this.#open) {
      if (trace.startedAt > before) return;
      this.#decide(trace, 'head');
    }
  }
}
