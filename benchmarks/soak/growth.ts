// Whether memory grows.

/** What a run shows. */
export interface Growth {
  /** Bytes from the first half of the points to the second, by their medians. */
  readonly bytes: number;
  /** What is no growth: the points differ so much from each other, and pages are never filled alike. */
  readonly allowed: number;
  readonly grows: boolean;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/**
 * Compares the heap of the two halves of a run, without its first quarter, in which bounded maps and buffers fill up.
 *
 * @param heaps - bytes in use, at equal distances.
 * @param least - bytes that are allowed in any case.
 */
export function growthOf(heaps: readonly number[], least = 500_000): Growth {
  if (heaps.length < 8) throw new RangeError('expected at least 8 points');
  const settled = heaps.slice(heaps.length >> 2);
  const first = settled.slice(0, settled.length >> 1);
  const second = settled.slice(settled.length >> 1);
  const bytes = median(second) - median(first);
  // Something that grows steadily differs within each half, too: only the smaller differences between neighbours count as noise.
  const steps = settled.slice(1).map((heap, at) => Math.abs(heap - settled[at]!));
  const allowed = Math.max(least, median(steps));
  return { bytes, allowed, grows: bytes > allowed };
}
