// The card of one destination on the map, with a row for each consumer.
import type { VNode } from 'preact';
import { counted, duration, group, rate } from '../queries/durations.ts';
import { shardsThatDiffer, shownWait, slowestOf } from '../queries/shown-wait.ts';
import type { ConsumerRow, DestinationCard, MapAnswer } from '../queries/types.ts';
import { HistogramChart } from './histogram.tsx';

const systems: Record<string, string> = { kafka: 'Kafka', rabbitmq: 'RabbitMQ', redis: 'Redis' };
/** The trend of the wait. */
const trends: Partial<Record<ConsumerRow['trend'], { sign: string; meaning: string }>> = {
  up: { sign: '↑', meaning: 'the wait rises' },
  down: { sign: '↓', meaning: 'the wait falls' },
};

/** A destination with a row for each consumer, which shows its wait. */
export function Card(props: {
  card: DestinationCard;
  rows: readonly ConsumerRow[];
  note: { text: string; warns: boolean } | undefined;
  axis: MapAnswer['axis'];
  worst: number | undefined;
  chosen: number | undefined;
  onChoose: (row: ConsumerRow) => void;
}): VNode {
  const { card, rows, note, axis, worst, chosen, onChoose } = props;
  return (
    <section
      class={`card system-${systems[card.system] === undefined ? 'other' : card.system}`}
      aria-label={`destination ${card.name}`}
    >
      <header>
        <h3 title={card.name}>{card.name}</h3>
        <span class="rate" title={`${group(card.messages)} messages sent`}>
          {card.messages > 0 && `${rate(card.rate)} sent`}
        </span>
        <small>{systems[card.system] ?? card.system}</small>
      </header>
      {rows.map((row) => (
        <Row
          key={row.id}
          row={row}
          axis={axis}
          worst={slowestOf(row).id === worst}
          chosen={row.id === chosen}
          onChoose={onChoose}
        />
      ))}
      {note !== undefined && (
        <p class={note.warns ? 'note warn' : 'note'} title={note.text}>
          {note.text}
        </p>
      )}
    </section>
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
  const trend = trends[row.trend];
  return (
    <button type="button" class={`row${worst ? ' worst' : ''}`} aria-pressed={chosen} onClick={() => onChoose(row)}>
      <span class="who">
        <b title={queueOf(row) === '' ? row.service : `${queueOf(row)}, consumed by ${row.service}`}>
          {row.service}
          {row.shards.length > 0 && <i> {queueOf(row)}</i>}
        </b>
        <span class="facts">
          {facts.map(({ text, meaning, bad }) => (
            <span class={bad ? 'bad' : ''} title={meaning}>
              {text}
            </span>
          ))}
        </span>
      </span>
      {wait === undefined ? (
        <span class="nowait">no wait known</span>
      ) : (
        <>
          <HistogramChart wait={wait} axis={axis} width={104} />
          <span class="p50" title="half of the messages wait no longer">
            <i>p50</i> {duration(wait.p50)}
          </span>
          <span class="p95" title="95 of 100 messages wait no longer">
            <i>p95</i> <b>{duration(wait.p95)}</b>
            {trend !== undefined && <span title={trend.meaning}> {trend.sign}</span>}
          </span>
        </>
      )}
    </button>
  );
}

/** The queue of a row, or its numbered queues, as text. */
export function queueOf({ queue, shards }: ConsumerRow): string {
  return shards.length === 0 ? queue : `${group(shards.length)} queues ${queue}`;
}

interface Fact {
  text: string;
  meaning: string;
  bad: boolean;
}

/** The other values of a row: the rate last, preceded by the most important ones, because there is little room. */
export function factsOf(row: ConsumerRow): Fact[] {
  const facts: Fact[] = [];
  const add = (text: string, meaning: string, bad = false): void => void facts.push({ text, meaning, bad });
  const [shard] = shardsThatDiffer(row);
  if (shard !== undefined) add(`⚠ ${shard.queue}`, differenceOf(row), true);
  if (row.errors > 0) add(`✕ ${percent(row.errorShare)}`, `${group(row.errors)} deliveries failed`, true);
  if (row.lag !== undefined && row.lag > 0)
    add(`lag ${short(row.lag)}`, `the consumer is ${counted(row.lag, 'message')} behind`);
  if (row.attempts > 0) add(`↻ ${short(row.attempts)}`, `${counted(row.attempts, 'message')} delivered again`);
  if (row.sampled) add('sampled', 'the spans are sampled, and each counts for what it stands for');
  if (row.seenBy === 'receive') add('pulled', 'only the pull is recorded, not what is done with the messages');
  return [
    ...facts.slice(0, 2),
    { text: rate(row.rate), meaning: `${group(row.messages)} messages consumed`, bad: false },
  ];
}

/** Which of a row's numbered queues differ from the others. */
export function differenceOf(row: ConsumerRow): string {
  const names = shardsThatDiffer(row).map(({ queue }) => queue);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.slice(0, 3).join(', ')}${more}: wait or share of failures more than twice that of a typical one of these queues`;
}

/** A count in at most five characters. */
function short(count: number): string {
  if (count < 10_000) return group(count);
  return count < 1e6 ? `${Math.round(count / 1000)}k` : `${(count / 1e6).toFixed(1)}M`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)} %`;
}
