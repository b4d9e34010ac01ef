// Summarizes the times of many slices.

/**
 * The number of consecutive parts of a run, each with its own minimum: their differences show how reliable a result
 * is.
 */
const parts = 4;

/** The times of many slices of the same work, in one unit. */
export interface Summary {
  /** Other load can only add time: the minimum is closest to the cost of the work itself. */
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  /** Number of slices. */
  readonly n: number;
  /** The minimum of each of four consecutive parts of the run. */
  readonly blocks: readonly number[];
}

/** The value below which a share of the sorted values lies, interpolated. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) throw new RangeError('expected at least one value');
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

/** Summarizes values in the order in which they were measured. */
export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const size = Math.max(1, Math.ceil(values.length / parts));
  const blocks: number[] = [];
  for (let at = 0; at < values.length; at += size) blocks.push(Math.min(...values.slice(at, at + size)));
  return {
    min: quantile(sorted, 0),
    p25: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    p75: quantile(sorted, 0.75),
    n: sorted.length,
    blocks: blocks.map(round),
  };
}

/** Five significant digits, more than the precision of any measurement. */
export function round(value: number): number {
  return Number(value.toPrecision(5));
}
