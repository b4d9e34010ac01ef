/** Counters of spans that wait for a sampling decision or were dropped by it; the exporter adds them to its own. */
export interface HeldSpans {
  /** Spans held now. */
  readonly held: number;
  /** What they take in memory, estimated in bytes. */
  readonly heldBytes: number;
  /** Spans that were recorded and then decided against. */
  readonly sampledOut: number;
  /** Spans that the cap on traces left out. */
  readonly capped: number;
  /** Decides on everything held, at once: spans to keep go to the exporter before this returns. */
  settle(): void;
}
