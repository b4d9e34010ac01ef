// The panel with everything about one consumer of a destination.
import type { VNode } from 'preact';
import { duration, group, rate } from '../queries/durations.ts';
import { shownWait } from '../queries/shown-wait.ts';
import type { ConsumerRow, Distribution } from '../queries/types.ts';
import { differenceOf, percent, queueOf } from './card.tsx';
import type { Wait } from './graph.ts';
import { usePanelFocus } from './panel-focus.tsx';
import { addressOf } from './route.tsx';

/** Everything about one consumer of one destination, with both definitions of its wait. */
export function Details({ wait: { card, row }, onClose }: { wait: Wait; onClose: () => void }): VNode {
  const panel = usePanelFocus(row.id);
  const find = { destination: card.name, consumer: row.service };
  return (
    <aside class="details" ref={panel} tabIndex={-1} aria-label={`${card.name} for ${row.service}`}>
      <button type="button" class="close" aria-label="close" onClick={onClose}>
        ×
      </button>
      <h2>
        {card.name} → {row.service}
      </h2>
      {row.queue !== '' && <p>{row.shards.length === 0 ? `queue ${row.queue}` : queueOf(row)}</p>}
      {row.group !== '' && row.group !== row.service && <p>consumer group {row.group}</p>}
      <p class="actions">
        <a href={addressOf('journeys', { ...find, order: 'slowest' })}>slowest messages</a>
        <a href={addressOf('journeys', find)}>newest</a>
        {row.errors > 0 && <a href={addressOf('journeys', { ...find, error: 'true' })}>failed</a>}
      </p>
      <table>
        <thead>
          <tr>
            <th>time</th>
            <th>p50</th>
            <th>p95</th>
            <th>longest</th>
          </tr>
        </thead>
        <tbody>
          <WaitLine name="from the start of the send to the start of the processing" wait={row.wait} />
          <WaitLine name="by the time of the broker or of a header" wait={row.age} />
          {row.work !== undefined && (
            <tr>
              <th>processing</th>
              <td>{duration(row.work.p50)}</td>
              <td>{duration(row.work.p95)}</td>
              <td />
            </tr>
          )}
        </tbody>
      </table>
      <dl>
        <div>
          <dt>consumed</dt>
          <dd>
            {group(row.messages)} ({rate(row.rate)})
          </dd>
        </div>
        <div>
          <dt>delivered again</dt>
          <dd>{group(row.attempts)}</dd>
        </div>
        <div>
          <dt>failed</dt>
          <dd>
            {group(row.errors)}
            {row.errors > 0 && ` (${percent(row.errorShare)})`}
          </dd>
        </div>
        {row.lag !== undefined && (
          <div>
            <dt>lag</dt>
            <dd>{group(row.lag)}</dd>
          </div>
        )}
        <div>
          <dt>sent by</dt>
          <dd>{card.senders.map(({ service }) => service).join(', ') || 'no sender seen'}</dd>
        </div>
        <div>
          <dt>not consumed by anybody yet</dt>
          <dd>{group(card.notConsumed)}</dd>
        </div>
      </dl>
      <Queues row={row} />
      {row.sampled && <p class="note">The spans are sampled: figures are weighted by what each stands for.</p>}
      {row.seenBy === 'receive' && <p class="note">Only pulls are recorded, not what is done with the messages.</p>}
      {row.seenBy === 'metrics' && <p class="note">Known from metrics only; there are no spans to look at.</p>}
    </aside>
  );
}

/** The numbered queues of a row, longest wait first. */
function Queues({ row }: { row: ConsumerRow }): VNode | null {
  if (row.shards.length === 0) return null;
  return (
    <details class="queues" open={row.shards.length <= 8 || row.standsOut.length > 0}>
      <summary>{group(row.shards.length)} queues</summary>
      {row.standsOut.length > 0 && <p class="bad">⚠ {differenceOf(row)}</p>}
      <table>
        <thead>
          <tr>
            <th>queue</th>
            <th>p50</th>
            <th>p95</th>
            <th>consumed</th>
            <th>failed</th>
          </tr>
        </thead>
        <tbody>
          {row.shards.map((shard) => (
            <tr key={shard.id} class={row.standsOut.includes(shard.id) ? 'bad' : ''}>
              <th title={shard.queue}>
                {row.standsOut.includes(shard.id) && '⚠ '}
                {shard.queue}
              </th>
              <td>{durationOf(shownWait(shard)?.p50)}</td>
              <td>
                <b>{durationOf(shownWait(shard)?.p95)}</b>
              </td>
              <td>{group(shard.messages)}</td>
              <td>{shard.errors === 0 ? '' : percent(shard.errorShare)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const durationOf = (time: number | undefined): string => (time === undefined ? '–' : duration(time));

function WaitLine({ name, wait }: { name: string; wait: Distribution | undefined }): VNode {
  return (
    <tr>
      <th>{name}</th>
      {wait === undefined ? (
        <td colSpan={3}>not known</td>
      ) : (
        <>
          <td>{duration(wait.p50)}</td>
          <td>
            <b>{duration(wait.p95)}</b>
          </td>
          <td>{duration(wait.max)}</td>
        </>
      )}
    </tr>
  );
}
