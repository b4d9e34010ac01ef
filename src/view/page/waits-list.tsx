// The list of waits beside a large map.
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { duration } from '../queries/durations.ts';
import { shownWait, slowestOf } from '../queries/shown-wait.ts';
import type { ConsumerRow, DestinationCard, MapAnswer } from '../queries/types.ts';
import type { Wait } from './graph.ts';
import { HistogramChart } from './histogram.tsx';
import { moveFocus } from './keys.tsx';

/** Milliseconds for which the order stays the same while values change. */
const orderMs = 10_000;

/** Whether only the queue tells this row from another of the destination. */
function needsQueue({ consumers }: DestinationCard, row: ConsumerRow): boolean {
  return row.shards.length > 0 || consumers.some((other) => other !== row && other.service === row.service);
}

/** All waits, longest first. */
export function WaitsList(props: {
  waits: Wait[];
  axis: MapAnswer['axis'];
  chosen: number | undefined;
  onChoose: (row: ConsumerRow) => void;
}): VNode {
  const { waits, axis, chosen, onChoose } = props;
  const order = useRef<{ at: number; ids: number[] }>({ at: 0, ids: [] });
  const same = order.current.ids.length === waits.length;
  if (!same || Date.now() - order.current.at > orderMs)
    order.current = { at: Date.now(), ids: waits.map(({ row }) => row.id) };
  const byId = new Map(waits.map((wait) => [wait.row.id, wait]));
  const shown = order.current.ids.map((id) => byId.get(id)).filter((wait) => wait !== undefined);
  return (
    <nav class="waits" aria-label="waits, longest first">
      <h2>
        {waits.length} waits, longest <abbr title="95 of 100 messages wait no longer">p95</abbr> first
      </h2>
      <div onKeyDown={moveFocus}>
        {shown.map(({ card, row }) => {
          const slowest = slowestOf(row);
          const wait = shownWait(slowest);
          return (
            <button type="button" key={row.id} aria-pressed={row.id === chosen} onClick={() => onChoose(row)}>
              <span
                class="name"
                title={`${card.name} for ${row.service}${slowest.queue === '' ? '' : `, queue ${slowest.queue}`}`}
              >
                {card.name}
                <small>
                  → {row.service}
                  {needsQueue(card, row) && `, ${slowest.queue}`}
                </small>
              </span>
              {wait === undefined ? <span /> : <HistogramChart wait={wait} axis={axis} width={88} />}
              <b>{wait === undefined ? '–' : duration(wait.p95)}</b>
            </button>
          );
        })}
      </div>
    </nav>
  );
}
