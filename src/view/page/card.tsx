// The card of one destination on the map, with a row for each consumer.
import type { VNode } from 'preact';
import { counted, duration, rate } from '../queries/durations.ts';
import { shownWait } from '../queries/shown-wait.ts';
import type { ConsumerRow, DestinationCard, MapAnswer } from '../queries/types.ts';
import { HistogramChart } from './histogram.tsx';

const systems: Record<string, string> = { kafka: 'Kafka', rabbitmq: 'RabbitMQ', redis: 'Redis' };
const trends = { up: '↑ rising', down: '↓ falling', steady: '', unknown: '' };

/** A destination with a row for each consumer; the wait sits in it. */
export function Card(props: {
  card: DestinationCard;
  rows: readonly ConsumerRow[];
  hiddenConsumers: number;
  axis: MapAnswer['axis'];
  worst: number | undefined;
  chosen: number | undefined;
  onChoose: (row: ConsumerRow) => void;
}): VNode {
  const { card, rows, hiddenConsumers, axis, worst, chosen, onChoose } = props;
  return (
    <section
      class={`card system-${systems[card.system] === undefined ? 'other' : card.system}`}
      aria-label={`destination ${card.name}`}
    >
      <header>
        <h3 title={card.name}>{card.name}</h3>
        <span class="rate">{rate(card.rate)}</span>
        <small>{systems[card.system] ?? card.system}</small>
      </header>
      {rows.map((row) => (
        <Row
          key={row.id}
          row={row}
          axis={axis}
          worst={row.id === worst}
          chosen={row.id === chosen}
          onChoose={onChoose}
        />
      ))}
      <Note card={card} rows={rows.length} hidden={hiddenConsumers} />
    </section>
  );
}

function Note({ card, rows, hidden }: { card: DestinationCard; rows: number; hidden: number }): VNode | null {
  if (hidden > 0) return <p class="note">{counted(hidden, 'consumer')} outside this view</p>;
  if (rows === 0) return <p class="note warn">⚠ nobody has been seen to consume it</p>;
  if (card.reroutedFrom.length === 0) return null;
  const messages = card.reroutedFrom.reduce((sum, each) => sum + each.messages, 0);
  return (
    <p class="note">
      {counted(messages, 'message')} came from {card.reroutedFrom.map(({ name }) => name).join(', ')}
    </p>
  );
}

function Row(props: {
  row: ConsumerRow;
  axis: MapAnswer['axis'];
  worst: boolean;
  chosen: boolean;
  onChoose: (row: ConsumerRow) => void;
}): VNode {
  const { row, axis, worst, chosen, onChoose } = props;
  const wait = shownWait(row);
  const facts = factsOf(row);
  return (
    <button type="button" class={`row${worst ? ' worst' : ''}`} aria-pressed={chosen} onClick={() => onChoose(row)}>
      <span class="who">
        <b title={row.queue === '' ? row.service : `${row.queue}, consumed by ${row.service}`}>{row.service}</b>
        <span class="facts">
          {facts.map(({ text, bad }) => (
            <span class={bad ? 'bad' : ''}>{text}</span>
          ))}
        </span>
      </span>
      {wait === undefined ? (
        <span class="nowait">no wait known</span>
      ) : (
        <>
          <HistogramChart wait={wait} axis={axis} width={104} />
          <span class="p50">
            <i>p50</i> {duration(wait.p50)}
          </span>
          <b class="p95" title="95 of 100 messages wait no longer">
            {duration(wait.p95)}
          </b>
        </>
      )}
    </button>
  );
}

/** What a row says besides its wait; the worst first, since there is room for few. */
export function factsOf(row: ConsumerRow): { text: string; bad: boolean }[] {
  const facts: { text: string; bad: boolean }[] = [];
  if (row.errors > 0) facts.push({ text: `✕ ${percent(row.errorShare)} fail`, bad: true });
  if (row.lag !== undefined && row.lag > 0) facts.push({ text: `lag ${row.lag}`, bad: false });
  if (trends[row.trend] !== '') facts.push({ text: trends[row.trend], bad: false });
  if (row.attempts > 0) facts.push({ text: `↻ ${row.attempts}`, bad: false });
  if (row.sampled) facts.push({ text: 'sampled', bad: false });
  if (row.seenBy === 'receive') facts.push({ text: 'received only', bad: false });
  if (facts.length === 0) facts.push({ text: rate(row.rate), bad: false });
  return facts.slice(0, 2);
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)} %`;
}
