// Counts started and ended spans for metrics and statistics.
import { INVALID_TRACEID, type SpanContext } from '@opentelemetry/api';

/** Values of `otel.span.parent.origin`. */
const origins = ['none', 'local', 'remote'] as const;
/** Values of `otel.span.sampling_result`, in the order of the SDK's `SamplingDecision`. */
const results = ['DROP', 'RECORD_ONLY', 'RECORD_AND_SAMPLE'] as const;

/** Counts spans from their start to their end, by the origin of their parent and the sampling decision. @internal */
export class StartedSpans {
  created = 0;
  recorded = 0;
  sampled = 0;
  /** Counts by origin, then by result. */
  readonly #started: number[] = Array.from({ length: origins.length * results.length }, () => 0);
  #endedSampled = 0;
  #endedRecorded = 0;

  /** A span starts. `decision`: a `SamplingDecision`. */
  start(parent: SpanContext | undefined, decision: number): void {
    this.created++;
    if (decision > 0) this.recorded++;
    if (decision === 2) this.sampled++;
    const origin = parent === undefined || parent.traceId === INVALID_TRACEID ? 0 : parent.isRemote === true ? 2 : 1;
    this.#started[origin * results.length + decision]!++;
  }

  /** A recorded span ends. */
  end(isSampled: boolean): void {
    if (isSampled) this.#endedSampled++;
    else this.#endedRecorded++;
  }

  /** Calls back for each pair of attributes of `otel.sdk.span.started` that occurred. */
  forEachStarted(call: (spans: number, origin: string, result: string) => void): void {
    for (const [index, spans] of this.#started.entries()) {
      if (spans > 0) call(spans, origins[Math.floor(index / results.length)]!, results[index % results.length]!);
    }
  }

  /** Recorded spans that have not ended, by result. It does not become negative if spans end twice or were started elsewhere. */
  live(): { RECORD_ONLY: number; RECORD_AND_SAMPLE: number } {
    return {
      RECORD_ONLY: Math.max(0, this.recorded - this.sampled - this.#endedRecorded),
      RECORD_AND_SAMPLE: Math.max(0, this.sampled - this.#endedSampled),
    };
  }
}
