// The histogram of waiting times.
import type { VNode } from 'preact';
import { duration } from '../queries/durations.ts';
import type { Distribution, MapAnswer } from '../queries/types.ts';

const height = 22;
const markerHeight = 7;

/** A histogram on the page's one logarithmic axis, with a mark at the 95th percentile. */
export function HistogramChart(props: { wait: Distribution; axis: MapAnswer['axis']; width: number }): VNode {
  const { wait, axis, width } = props;
  const most = Math.max(...wait.columns, 1e-9);
  const step = width / axis.columns;
  const at = (ms: number): number =>
    (Math.log(Math.max(axis.from, ms) / axis.from) / Math.log(axis.to / axis.from)) * width;
  const mark = Math.min(width - 4, Math.max(4, at(wait.p95)));
  const decades = Math.round(Math.log10(axis.to / axis.from));
  return (
    <svg
      class="histogram"
      width={width}
      height={height + markerHeight}
      role="img"
      aria-label={`half up to ${duration(wait.p50)}, 95 of 100 up to ${duration(wait.p95)}`}
    >
      <line class="axis" x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
      {Array.from({ length: decades + 1 }, (_, decade) => (
        <line
          class="axis"
          x1={(decade / decades) * width}
          x2={(decade / decades) * width}
          y1={height - 3}
          y2={height}
        />
      ))}
      {wait.columns.map((count, column) =>
        count === 0 ? null : (
          <rect
            class={(column + 0.5) * step > at(wait.p95) ? 'bar tail' : 'bar'}
            x={column * step}
            y={height - 1 - Math.max(1.5, (count / most) * (height - 3))}
            width={Math.max(1, step - 0.6)}
            height={Math.max(1.5, (count / most) * (height - 3))}
          />
        ),
      )}
      <path class="marker" d={`M${mark} ${height + 1}l4 6h-8z`} />
    </svg>
  );
}
