// Implements `mqtrace map`: prints services and destinations.
import {
  type ConsumerRow,
  counted,
  type DestinationCard,
  duration,
  type MapAnswer,
  rate,
  shownWait,
} from '../view/index.ts';
import { type Command, readArguments } from './command.ts';
import { openSource, sourceHelp, sourceOptions } from './source.ts';
import { fit, printable, sparkline, wrap } from './text.ts';

export const mapCommand: Command = {
  help: `mqtrace map: who sends to which destination, who consumes, and how long messages wait

  --queues       a line for each of several numbered queues (orders.0, orders.1, ...) that are consumed alike

${sourceHelp}`,
  async run(args, output) {
    const { values } = readArguments(args, { ...sourceOptions, queues: { type: 'boolean', default: false } });
    const source = await openSource(values, output);
    const answer = (await source('/api/map')) as MapAnswer;
    if (values.json) output.out(JSON.stringify(answer, undefined, 2));
    else for (const line of mapText(answer, output.width, values.queues)) output.out(line);
    return 0;
  },
};

/** Formats the map for a terminal. `queues`: with a line for each numbered queue. */
export function mapText(answer: MapAnswer, width: number, queues = false): string[] {
  const lines = wrap(answer.sentence, width);
  if (answer.destinations.length === 0) return lines;
  const { from, to } = answer.axis;
  lines.push('', `waits on one scale from ${duration(from)} to ${duration(to)}; * waits longest`);
  for (const card of answer.destinations) lines.push('', ...cardText(card, answer.worst, width, queues));
  const { evicted, refused } = answer.coverage;
  if (evicted > 0)
    lines.push('', `${evicted} older spans have been removed; the figures count them, journeys do not show them.`);
  if (refused > 0) lines.push('', `${refused} names are beyond the limits and counted as "other".`);
  return lines;
}

function cardText(card: DestinationCard, worst: number | undefined, width: number, queues: boolean): string[] {
  const senders = card.senders.map(({ service }) => service);
  const from =
    senders.length === 0
      ? 'no sender seen'
      : `from ${senders.slice(0, 4).join(', ')}${senders.length > 4 ? ` and ${senders.length - 4} more` : ''}`;
  const lines = [
    printable(`${card.name}${card.system === '' ? '' : ` (${card.system})`}, ${rate(card.rate)}, ${from}`),
  ];
  for (const { name, messages } of card.reroutedFrom)
    lines.push(printable(`  ${messages} messages were created for ${name}`));
  if (card.consumers.length === 0) lines.push('  no consumer seen');
  for (const row of card.consumers) {
    const { shards, standsOut } = queuesOf(row);
    const isWorst = row.id === worst || (!queues && shards.some(({ id }) => id === worst));
    lines.push(rowText(row, isWorst, width));
    // Those that differ from the others are always listed.
    for (const shard of shards)
      if (queues || standsOut.includes(shard.id)) lines.push(rowText(shard, shard.id === worst, width, '   '));
  }
  return lines;
}

/** The numbered queues of a row. A view of an earlier version does not send these fields. */
function queuesOf({ shards = [], standsOut = [] }: Partial<ConsumerRow>): Pick<ConsumerRow, 'shards' | 'standsOut'> {
  return { shards, standsOut };
}

function rowText(row: ConsumerRow, isWorst: boolean, width: number, indent = ' '): string {
  const wait = shownWait(row);
  const { shards, standsOut } = queuesOf(row);
  const facts = [
    rate(row.rate),
    row.lag === undefined ? '' : `lag ${row.lag}`,
    row.errors === 0 ? '' : `errors ${(row.errorShare * 100).toFixed(row.errorShare < 0.1 ? 1 : 0)} %`,
    row.attempts === 0 ? '' : `${row.attempts} redelivered`,
    row.trend === 'up' ? 'rising' : row.trend === 'down' ? 'falling' : '',
    row.seenBy === 'receive' ? 'received only' : '',
    row.basis === 'age' ? "by the broker's timestamp" : '',
    row.sampled ? 'sampled' : '',
    standsOut.length > 0 ? `⚠ ${counted(standsOut.length, 'queue differs', 'queues differ')}` : '',
  ].filter((fact) => fact !== '');
  const bars = Math.max(10, Math.min(30, width - 90));
  const queues = shards.length > 0 ? ` (${shards.length} queues)` : '';
  const name = `${row.queue === '' ? '' : `${row.queue}${queues} -> `}${row.service}${row.group === '' || row.group === row.service ? '' : ` (${row.group})`}`;
  const shown =
    wait === undefined
      ? fit('no wait known', bars + 28)
      : `${sparkline(wait.columns, bars)}  p50 ${fit(duration(wait.p50), 8, 'right')}  p95 ${fit(duration(wait.p95), 8, 'right')}`;
  return `${isWorst ? '*' : ' '}${indent}-> ${fit(name, 29 - indent.length)} ${shown}  ${facts.join(', ')}`;
}
