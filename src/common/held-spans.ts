// Defines the counters of spans that wait for a sampling decision.
/** Counters of the spans that wait for a sampling decision or were dropped by it. The exporter adds them to its own counters. */
export interface HeldSpans {
  /** Spans that are held now. */
  readonly held: number;
  /** Their estimated memory use in bytes. */
  readonly heldBytes: number;
  /** Spans that were recorded and then not sampled. */
  readonly sampledOut: number;
  /** Spans dropped by the limit on sampled traces. */
  readonly capped: number;
  /** Decides on all held spans immediately. Sampled spans reach the exporter before this returns. */
  settle(): void;
}
