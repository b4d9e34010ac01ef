// Counts where each span of one destination is and what became of it.
import type { HeldSpans } from '../common/held-spans.ts';

/**
 * Why a span was not delivered.
 *
 * - `queue_full`: memory was full.
 * - `rejected`: the receiver rejected it, and a retry would not help.
 * - `too_large`: the receiver called even this one span too large.
 * - `spool_full`: the spool on disk was full.
 * - `expired`: it waited in the spool for longer than it may.
 * - `corrupt`: it could not be encoded, or its spool file was damaged or taken away.
 * - `sampled_out`: the sampler decided against it after it was recorded.
 * - `capped`: the cap on traces dropped its trace.
 * - `after_shutdown`: it ended after the shutdown.
 * - `shutdown_deadline`: the shutdown ran out of time.
 * - `process_exit`: the process ended without a spool.
 */
export const dropReasons = [
  'queue_full',
  'rejected',
  'too_large',
  'spool_full',
  'expired',
  'corrupt',
  'sampled_out',
  'capped',
  'after_shutdown',
  'shutdown_deadline',
  'process_exit',
] as const;

/** One of {@link dropReasons}. */
export type DropReason = (typeof dropReasons)[number];

/** Where a span is while it is neither exported nor dropped. @internal */
export type Place = 'queued' | 'inFlight' | 'spooled';

/** Snapshot of one destination's span counters: `ended + adopted = exported + dropped + queued + held + inFlight + spooled`. */
export interface SpanCounts {
  /** Recorded spans that have ended. */
  readonly ended: number;
  /** Spans taken over from the spool of a process that is gone. */
  readonly adopted: number;
  /** Spans that the receiver acknowledged. */
  readonly exported: number;
  /** Spans that will never arrive, by reason; {@link droppedTotal} is their sum. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly droppedTotal: number;
  /** Encoded, in memory. */
  readonly queued: number;
  /** Held by the tail sampler. */
  readonly held: number;
  /** On the wire. */
  readonly inFlight: number;
  /** On disk and not on the wire. */
  readonly spooled: number;
}

/**
 * Counts every span of one destination. Each method takes as much from one term as it adds to another, so that the equation of
 * {@link SpanCounts} holds after every call.
 *
 * @internal
 */
export class Accounting {
  /** Set when a tail sampler stands before the exporter. */
  source: HeldSpans | undefined;
  #ended = 0;
  #adopted = 0;
  #exported = 0;
  #droppedTotal = 0;
  readonly #dropped: Record<DropReason, number> = Object.fromEntries(
    dropReasons.map((reason) => [reason, 0]),
  ) as Record<DropReason, number>;
  readonly #in: Record<Place, number> = { queued: 0, inFlight: 0, spooled: 0 };
  #processed = 0;
  readonly #processorFailures: Map<string, number> = new Map();
  readonly #exporterFailures: Map<string, number> = new Map();

  get queued(): number {
    return this.#in.queued;
  }

  get inFlight(): number {
    return this.#in.inFlight;
  }

  get spooled(): number {
    return this.#in.spooled;
  }

  /** Spans that were accepted or dropped when they ended. */
  get accepted(): number {
    return this.#ended;
  }

  get exported(): number {
    return this.#exported;
  }

  /** Spans that will never arrive. */
  get dropped(): number {
    return this.#droppedTotal + (this.source === undefined ? 0 : this.source.sampledOut + this.source.capped);
  }

  /** Spans whose fate is open. */
  get left(): number {
    return this.#in.queued + this.#in.inFlight + this.#in.spooled + (this.source?.held ?? 0);
  }

  /** A span ended and is in memory. */
  accept(): void {
    this.#ended++;
    this.#in.queued++;
  }

  /** A span ended and is lost at once. */
  refuse(reason: DropReason): void {
    this.#ended++;
    this.#dropped[reason]++;
    this.#droppedTotal++;
    if (reason !== 'sampled_out') add(this.#processorFailures, processorError(reason), 1);
  }

  /** Spans reach the exporting side for the first time: on the wire or on disk. */
  handOver(spans: number): void {
    this.#processed += spans;
  }

  /** Spans that have been handed over. */
  get processed(): number {
    return this.#processed;
  }

  /** Spans lost before they were handed over, by `error.type`. */
  get processorFailures(): ReadonlyMap<string, number> {
    return this.#processorFailures;
  }

  /** Spans lost after they were handed over, by `error.type`. */
  get exporterFailures(): ReadonlyMap<string, number> {
    return this.#exporterFailures;
  }

  /** Spans of a dead process's spool are in ours now. */
  adopt(spans: number): void {
    this.#adopted += spans;
    this.#in.spooled += spans;
  }

  move(spans: number, from: Place, to: Place): void {
    this.#in[from] -= spans;
    this.#in[to] += spans;
  }

  export(spans: number, from: Place): void {
    this.#in[from] -= spans;
    this.#exported += spans;
  }

  /**
   * @param fresh - how many of the spans were never handed over.
   * @param error - `error.type` of the others. Default: the reason.
   */
  drop(spans: number, from: Place, reason: DropReason, fresh: number, error: string = reason): void {
    this.#in[from] -= spans;
    this.#dropped[reason] += spans;
    this.#droppedTotal += spans;
    add(this.#processorFailures, processorError(reason), fresh);
    add(this.#exporterFailures, error, spans - fresh);
  }

  /** The counters now. */
  counts(): SpanCounts {
    const { held = 0, sampledOut = 0, capped = 0 } = this.source ?? {};
    return {
      ended: this.#ended + held + sampledOut + capped,
      adopted: this.#adopted,
      exported: this.#exported,
      dropped: {
        ...this.#dropped,
        sampled_out: this.#dropped.sampled_out + sampledOut,
        capped: this.#dropped.capped + capped,
      },
      droppedTotal: this.#droppedTotal + sampledOut + capped,
      queued: this.#in.queued,
      held,
      inFlight: this.#in.inFlight,
      spooled: this.#in.spooled,
    };
  }
}

function add(counts: Map<string, number>, key: string, spans: number): void {
  if (spans > 0) counts.set(key, (counts.get(key) ?? 0) + spans);
}

/** The conventions name two of the reasons: https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/ */
function processorError(reason: DropReason): string {
  if (reason === 'spool_full') return 'queue_full';
  return reason === 'after_shutdown' ? 'already_shutdown' : reason;
}
