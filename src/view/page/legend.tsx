// Explains the symbols of the map.
import type { VNode } from 'preact';
import { duration } from '../queries/durations.ts';
import type { MapAnswer } from '../queries/types.ts';

const width = 330;
const inset = 24;

/** The axis that all histograms share, with its units, and what the lines mean. */
export function Legend({ axis }: { axis: MapAnswer['axis'] }): VNode {
  const decades = Math.round(Math.log10(axis.to / axis.from));
  const at = (decade: number): number => inset + (decade / decades) * (width - 2 * inset);
  return (
    <div class="legend">
      <span class="sign">
        <span>time that messages wait:</span>
        <svg
          width={width}
          height="26"
          role="img"
          aria-label={`logarithmic axis from ${unit(axis.from)} to ${unit(axis.to)}`}
        >
          <line x1={at(0)} x2={at(decades)} y1="6" y2="6" />
          {Array.from({ length: decades + 1 }, (_, decade) => (
            <>
              <line x1={at(decade)} x2={at(decade)} y1="2" y2="6" />
              {(decades <= 5 || decade % 2 === 0) && (
                <text x={at(decade)} y="20" text-anchor="middle">
                  {unit(axis.from * 10 ** decade)}
                </text>
              )}
            </>
          ))}
        </svg>
      </span>
      <span class="sign">
        <svg width="12" height="10" aria-hidden="true">
          <path class="marker" d="M6 1l4 7h-8z" />
        </svg>
        p95: 95 of 100 wait no longer
      </span>
      <span class="sign">
        <Line kind="send" /> sends
      </span>
      <span class="sign">
        <Line kind="consume" /> consumes
      </span>
      <span class="sign">
        <Line kind="consume failing" /> <b class="bad">✕</b> fails
      </span>
      <span class="sign">
        <b>↻</b> delivered again
      </span>
    </div>
  );
}

function Line({ kind }: { kind: string }): VNode {
  return (
    <svg width="30" height="8" aria-hidden="true">
      <path class={`edge ${kind}`} d="M3 4H27" style={{ strokeWidth: '3px' }} />
    </svg>
  );
}

const unit = (ms: number): string => duration(ms).replace('.0 ', ' ');
