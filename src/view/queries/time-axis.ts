/** A section of a journey's time axis; an idle section is folded, which means it has a fixed width. */
export interface AxisPiece {
  from: number;
  to: number;
  folded: boolean;
}

/** Gaps shorter than this share of the active time are not folded. */
const foldAbove = 0.4;
const maxFolds = 24;

/** Splits the time of a journey into active sections and the idle gaps between them. */
export function timeAxis(spans: readonly { start: number; end: number }[]): { pieces: AxisPiece[]; busy: number } {
  const sorted = spans.toSorted((a, b) => a.start - b.start);
  const merged: { from: number; to: number }[] = [];
  for (const { start, end } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.to) last.to = Math.max(last.to, end);
    else merged.push({ from: start, to: end });
  }
  const busy = merged.reduce((sum, { from, to }) => sum + (to - from), 0);
  const gaps = merged.slice(1).map(({ from }, at) => from - merged[at]!.to);
  const limit = gaps.toSorted((a, b) => b - a)[maxFolds] ?? 0;
  const pieces: AxisPiece[] = [];
  for (const [at, { from, to }] of merged.entries()) {
    const gap = at === 0 ? 0 : gaps[at - 1]!;
    const last = pieces.at(-1);
    if (last !== undefined && gap > busy * foldAbove && gap > limit) {
      pieces.push({ from: last.to, to: from, folded: true }, { from, to, folded: false });
    } else if (last !== undefined) last.to = to;
    else pieces.push({ from, to, folded: false });
  }
  return { pieces, busy };
}
