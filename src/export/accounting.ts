// Counts the spans of one destination by their state and outcome.
import type { HeldSpans } from '../common/held-spans.ts';

/**
 * Why a span was not delivered.
 *
 * - `queue_full`: memory was full.
 * - `rejected`: the receiver rejected it, and a retry would not help.
 * - `too_large`: the receiver rejected a request with this single span as too large.
 * - `spool_full`: the spool on disk was full.
 * - `expired`: it was in the spool for longer than `maxAgeMs`.
 * - `corrupt`: it could not be encoded, or its spool file was damaged or removed.
 * - `sampled_out`: the sampler dropped it after it was recorded.
 * - `capped`: the limit on traces per second dropped its trace.
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

/** The state of a span that is neither exported nor dropped. @internal */
export type Place = 'queued' | 'inFlight' | 'spooled';

/** Snapshot of one destination's span counters: `ended + adopted = exported + dropped + queued + held + inFlight + spooled`. */
export interface SpanCounts {
  /** Recorded spans that have ended. */
  readonly ended: number;
  /** Spans adopted from the spool of a process that has ended. */
  readonly adopted: number;
  /** Spans that the receiver acknowledged. */
  readonly exported: number;
  /** Dropped spans by reason; {@link droppedTotal} is their sum. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly droppedTotal: number;
  /** Encoded, in memory. */
  readonly queued: number;
  /** Held by the tail sampler. */
  readonly held: number;
  /** Sent, and not acknowledged yet. */
  readonly inFlight: number;
  /** On disk, and not being sent. */
  readonly spooled: number;
}

/**
 * Counts every span of one destination. Each method moves spans from one counter to another, so that the equation of
 * {@link SpanCounts} holds after every call.
 *
 * @internal
 */
export class Accounting {
  /** Set if a tail sampler precedes the exporter. */
  source: HeldSpans | undefined;
  #ended = 0;
  #adopted = 0;
  #exported = 0;
  #droppedTotal = 0;
  #lost = 0;
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

  /** Spans that are neither exported nor dropped yet. */
  get left(): number {
    return this.#in.queued + this.#in.inFlight + this.#in.spooled + (this.source?.held ?? 0);
  }

  /** Spans that were lost after they had been accepted: not those that the sampler dropped, or that ended without room for them. */
  get lost(): number {
    return this.#lost;
  }

  /** A span ended and is in memory. */
  accept(): void {
    this.#ended++;
    this.#in.queued++;
  }

  /** A span ended and is dropped immediately. */
  dropNew(reason: DropReason): void {
    this.#ended++;
    this.#dropped[reason]++;
    this.#droppedTotal++;
    if (reason !== 'sampled_out') add(this.#processorFailures, processorError(reason), 1);
  }

  /** Spans are handed to the exporter for the first time: they are sent or written to disk. */
  handOver(spans: number): void {
    this.#processed += spans;
  }

  /** Spans that were handed to the exporter. */
  get processed(): number {
    return this.#processed;
  }

  /** Spans lost before they were handed to the exporter, by `error.type`. */
  get processorFailures(): ReadonlyMap<string, number> {
    return this.#processorFailures;
  }

  /** Spans lost after they were handed to the exporter, by `error.type`. */
  get exporterFailures(): ReadonlyMap<string, number> {
    return this.#exporterFailures;
  }

  /** Spans were adopted from the spool of a process that has ended. */
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
   * @param fresh - the number of spans that were never handed to the exporter.
   * @param error - `error.type` of the others. Default: the reason.
   */
  drop(spans: number, from: Place, reason: DropReason, fresh: number, error: string = reason): void {
    this.#in[from] -= spans;
    this.#lost += spans;
    this.#dropped[reason] += spans;
    this.#droppedTotal += spans;
    add(this.#processorFailures, processorError(reason), fresh);
    add(this.#exporterFailures, error, spans - fresh);
  }

  /** The current counters. */
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

/** The conventions define names for two of the reasons: https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/ */
function processorError(reason: DropReason): string {
  if (reason === 'spool_full') return 'queue_full';
  return reason === 'after_shutdown' ? 'already_shutdown' : reason;
}
