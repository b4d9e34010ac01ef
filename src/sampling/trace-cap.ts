// Limits the number of exported traces per second exactly.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { RecentMap } from '../common/recent-map.ts';
import { estimatedBytes, exportedSpan, isKeptFailure } from './exported-span.ts';
import type { Deliver } from './deliver.ts';
import { readOtMember } from './ot-member.ts';
import { compare, randomnessOf, type Halves } from './threshold.ts';

/** All spans of one trace that ended in this window. */
interface CappedTrace {
  readonly traceId: string;
  readonly randomness: Halves;
  readonly spans: ReadableSpan[];
  failed: boolean;
}

/** The decision about a trace, which its later spans follow. */
interface Decision {
  readonly kept: boolean;
  /** A later failure does not change the decision. */
  readonly final: boolean;
  /** The raised threshold; undefined keeps it. */
  readonly cut: Halves | undefined;
  /** The threshold is erased, since the weight is unknown. */
  readonly erased: boolean;
}

/** Runs a function after a delay in milliseconds, without keeping the process alive. */
type Later = (run: () => void, ms: number) => void;

const byTimer: Later = (run, ms) => void setTimeout(run, ms).unref();

const dropped: Decision = { kept: false, final: false, cut: undefined, erased: false };
const droppedFailure: Decision = { ...dropped, final: true };
const windowMs = 1000;
const rememberedAtLeast = 10_000;
const spansHeldAtMost = 50_000;

/**
 * Keeps exactly the k traces with the largest R in each window of a second. The (k+1)th R makes this unbiased ("bottom-k
 * sampling"): given all other traces, a trace was kept iff its R reached that value, which is therefore its threshold.
 *
 * @internal
 */
export class TraceCap {
  readonly #k: number;
  readonly #deliver: Deliver;
  readonly #later: Later;
  #traces = new Map<string, CappedTrace>();
  readonly #decisions: RecentMap<string, Decision>;
  /** The largest R that was dropped before the end of this window, for failures and for other traces. */
  #failureCut: Halves | undefined;
  #cut: Halves | undefined;
  /** The number of the k traces that a flush decided before the end of the window. */
  #used = 0;
  #windowIsOpen = false;
  held = 0;
  heldBytes = 0;
  capped = 0;

  constructor(k: number, deliver: Deliver, later: Later = byTimer) {
    this.#k = k;
    this.#decisions = new RecentMap(Math.max(rememberedAtLeast, 10 * k));
    this.#deliver = deliver;
    this.#later = later;
  }

  end(span: ReadableSpan): void {
    const { traceId, traceState } = span.spanContext();
    const failed = isKeptFailure(span);
    const decision = this.#recall(traceId);
    if (decision && (decision.final || !failed)) {
      this.#pass(span, decision);
      return;
    }
    this.#openWindow();
    let trace = this.#traces.get(traceId);
    if (!trace) {
      const randomness = readOtMember(traceState)?.randomness ?? randomnessOf(traceId);
      const cut = failed ? this.#failureCut : this.#cut;
      if (cut && compare(randomness, cut) <= 0) {
        this.#decide({ traceId, randomness, spans: [], failed }, failed ? droppedFailure : dropped);
        this.capped++;
        return;
      }
      trace = { traceId, randomness, spans: [], failed };
      this.#traces.set(traceId, trace);
    }
    trace.failed ||= failed;
    trace.spans.push(span);
    this.held++;
    this.heldBytes += estimatedBytes(span);
    if (this.#traces.size > 2 * this.#k + 100) this.#prune();
    if (this.held > spansHeldAtMost) this.settle();
  }

  /** Decides on the held traces before the end of the window; kept ones count towards k until then. */
  settle(): void {
    const { failures, others } = this.#largestFirst();
    const slots = Math.max(0, this.#k - this.#used);
    const free = Math.max(0, slots - failures.length);
    const cut = larger(others[free]?.randomness, this.#cut);
    const erased = failures.length > slots || this.#failureCut !== undefined;
    const kept: Decision = { kept: true, final: true, cut, erased: false };
    const keptFailure: Decision = { kept: true, final: true, cut: undefined, erased };
    this.#used += Math.min(slots, failures.length) + Math.min(free, others.length);
    this.#traces = new Map();
    this.#failureCut = this.#cut = undefined;
    for (const [at, trace] of failures.entries()) this.#decide(trace, at < slots ? keptFailure : droppedFailure);
    for (const [at, trace] of others.entries()) this.#decide(trace, at < free ? kept : dropped);
  }

  #openWindow(): void {
    if (this.#windowIsOpen) return;
    this.#windowIsOpen = true;
    this.#later(() => this.#closeWindow(), windowMs);
  }

  #closeWindow(): void {
    this.settle();
    this.#used = 0;
    this.#windowIsOpen = false;
  }

  /** Drops traces that can no longer be among the k with the largest R, so that a flood is not held for a whole second. */
  #prune(): void {
    const { failures, others } = this.#largestFirst();
    for (const trace of failures.slice(this.#k)) {
      this.#failureCut = larger(trace.randomness, this.#failureCut);
      this.#traces.delete(trace.traceId);
      this.#decide(trace, droppedFailure);
    }
    for (const trace of others.slice(Math.max(1, this.#k - failures.length))) {
      this.#cut = larger(trace.randomness, this.#cut);
      this.#traces.delete(trace.traceId);
      this.#decide(trace, dropped);
    }
  }

  #largestFirst(): { failures: CappedTrace[]; others: CappedTrace[] } {
    const [failures, others]: [CappedTrace[], CappedTrace[]] = [[], []];
    for (const trace of this.#traces.values()) (trace.failed ? failures : others).push(trace);
    for (const traces of [failures, others]) traces.sort((a, b) => compare(b.randomness, a.randomness));
    return { failures, others };
  }

  #decide(trace: CappedTrace, decision: Decision): void {
    this.#decisions.set(trace.traceId, decision);
    for (const span of trace.spans) {
      this.held--;
      this.heldBytes -= estimatedBytes(span);
      this.#pass(span, decision);
    }
  }

  /** A lookup makes the entry recent again: a long trace must not be removed while it runs. */
  #recall(traceId: string): Decision | undefined {
    const decision = this.#decisions.get(traceId);
    if (decision) this.#decisions.set(traceId, decision);
    return decision;
  }

  #pass(span: ReadableSpan, { kept, cut, erased }: Decision): void {
    if (!kept) {
      this.capped++;
      return;
    }
    const own = readOtMember(span.spanContext().traceState)?.threshold;
    if (own && erased) this.#deliver(exportedSpan(span, undefined));
    else if (own && cut && compare(cut, own) > 0) this.#deliver(exportedSpan(span, cut));
    else this.#deliver(span);
  }
}

function larger(a: Halves | undefined, b: Halves | undefined): Halves | undefined {
  if (!a || !b) return a ?? b;
  return compare(a, b) >= 0 ? a : b;
}
