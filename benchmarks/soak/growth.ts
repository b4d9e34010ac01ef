// Decides whether memory grows.

/** The result of a run. */
export interface Growth {
  /** The difference in bytes between the medians of the two halves of the points. */
  readonly bytes: number;
  /** The difference that is not growth: the noise of the points, because pages are never filled equally. */
  readonly allowed: number;
  readonly grows: boolean;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/**
 * Compares the heap in the two halves of a run, without its first quarter, in which bounded maps and buffers fill up.
 *
 * @param heaps - bytes in use, at equal intervals.
 * @param least - the growth in bytes that is always allowed.
 */
export function growthOf(heaps: readonly number[], least = 500_000): Growth {
  if (heaps.length < 8) throw new RangeError('expected at least 8 points');
  const settled = heaps.slice(heaps.length >> 2);
  const first = settled.slice(0, settled.length >> 1);
  const second = settled.slice(settled.length >> 1);
  const bytes = median(second) - median(first);
  // Steady growth also causes differences within each half: only the smaller differences between neighbours count as
  // noise.
  const steps = settled.slice(1).map((heap, at) => Math.abs(heap - settled[at]!));
  const allowed = Math.max(least, median(steps));
  return { bytes, allowed, grows: bytes > allowed };
}
