// Computes the cost that a variant adds to the raw client, and its ratio to that of another variant.
import type { PathResult } from '../paths/measure.ts';

/** A ratio, and its noise between the parts of the run. */
export interface Ratio {
  readonly value: number;
  readonly noise: number;
}

/** Microseconds per message above the raw client, of the minima or the medians. */
export function added({ figures }: PathResult, variant: string, of: 'min' | 'median' = 'min'): number | undefined {
  const [figure, { raw }] = [figures[variant], figures];
  return figure === undefined || raw === undefined ? undefined : figure[of] - raw[of];
}

/** Bytes allocated per message above the raw client. */
export function addedBytes({ figures }: PathResult, variant: string): number | undefined {
  const [bytes, raw] = [figures[variant]?.bytes, figures['raw']?.bytes];
  return bytes === undefined || raw === undefined ? undefined : bytes - raw;
}

/**
 * The added cost of a variant, divided by the added cost of another one (for `raw`: its total cost) in the same run.
 *
 * The noise is half of the range of this ratio over the parts of the run, each with its own minimum.
 */
export function ratioTo(result: PathResult, variant: string, other: string): Ratio | undefined {
  const { raw, [variant]: ours, [other]: theirs } = result.figures;
  if (raw === undefined || ours === undefined || theirs === undefined) return undefined;
  const ratio = (raw: number, ours: number, theirs: number): number =>
    (ours - raw) / (other === 'raw' ? theirs : theirs - raw);
  const value = ratio(raw.min, ours.min, theirs.min);
  const parts = ours.blocks.map((block, at) => ratio(raw.blocks[at]!, block, theirs.blocks[at]!));
  return { value, noise: (Math.max(...parts) - Math.min(...parts)) / 2 };
}
