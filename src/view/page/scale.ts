// The time axis of a journey, with idle time folded.
import type { JourneyAnswer } from '../queries/types.ts';

/** Pixels of a folded gap. */
export const foldWidth = 58;

export interface Scale {
  /** The position of a time, in pixels. */
  at(time: number): number;
  folds: { x: number; width: number; duration: number }[];
}

/** Maps the time of a journey to pixels: work in proportion to its duration, each folded gap with the same width. */
export function scaleOf(axis: JourneyAnswer['axis'], width: number): Scale {
  const folded = axis.filter((piece) => piece.folded).length;
  const fold = Math.min(foldWidth, (width * 0.5) / Math.max(1, folded));
  const busy = axis.reduce((sum, { from, to, folded }) => sum + (folded ? 0 : to - from), 0);
  const room = Math.max(0, width - folded * fold);
  const pieces: { from: number; to: number; x: number; width: number }[] = [];
  const folds: Scale['folds'] = [];
  let x = 0;
  for (const { from, to, folded } of axis) {
    const pieceWidth = folded ? fold : busy === 0 ? 0 : ((to - from) / busy) * room;
    if (folded) folds.push({ x, width: pieceWidth, duration: to - from });
    pieces.push({ from, to, x, width: pieceWidth });
    x += pieceWidth;
  }
  return {
    folds,
    at(time) {
      let last = 0;
      for (const { from, to, x, width } of pieces) {
        if (time <= from) return Math.max(last, x);
        if (time < to) return x + ((time - from) / (to - from)) * width;
        last = x + width;
      }
      return last;
    },
  };
}
