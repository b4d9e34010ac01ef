// Implements `mqtrace journey`: prints the path of one message.
import { MqtraceError } from '../common/errors.ts';
import {
  duration,
  type JourneyAnswer,
  type JourneyRow,
  type MessageSummary,
  type SearchAnswer,
} from '../view/index.ts';
import { type Command, numberOf, readArguments } from './command.ts';
import { openSource, sourceHelp, sourceOptions } from './source.ts';
import { fit, printable, wrap } from './text.ts';

const options = {
  ...sourceOptions,
  destination: { type: 'string' },
  consumer: { type: 'string' },
  attribute: { type: 'string' },
  text: { type: 'string' },
  'wait-over': { type: 'string' },
  error: { type: 'boolean', default: false },
  slowest: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  limit: { type: 'string' },
} as const;

export const journeyCommand: Command = {
  help: `mqtrace journey [ID]: shows the path of one message

  ID                 a trace id, span id, message id or key
  --destination D    messages of this destination
  --consumer S       messages that this service consumed
  --attribute N=V    messages with a span that has this attribute
  --text T           messages with a span that contains this text
  --error            messages that failed
  --wait-over MS     messages that waited longer than this many milliseconds
  --slowest          the one that waited longest, instead of the newest
  --list             list the matching messages
  --limit N          how many (default 20)

${sourceHelp}`,
  async run(args, output) {
    const { values, positionals } = readArguments(args, options);
    if (positionals.length > 1) throw new MqtraceError('INVALID_OPTION', `expected one id, got ${positionals.length}`);
    const [id] = positionals;
    const source = await openSource(values, output, id);
    const query = {
      id,
      destination: values.destination,
      consumer: values.consumer,
      attribute: values.attribute,
      text: values.text,
      error: values.error ? 'true' : undefined,
      waitOver: numberOf('wait-over', values['wait-over'])?.toString(),
      order: values.slowest ? 'slowest' : undefined,
      limit: String(values.list ? (numberOf('limit', values.limit, 1, 500) ?? 20) : 1),
    };
    const found = (await source('/api/search', query)) as SearchAnswer;
    if (values.list) {
      if (values.json) output.out(JSON.stringify(found, undefined, 2));
      else for (const line of listText(found, output.width)) output.out(line);
      return found.messages.length === 0 ? 1 : 0;
    }
    const [message] = found.messages;
    const answer = (await source(
      '/api/journey',
      message === undefined ? { id: id ?? '' } : { span: String(message.span) },
    )) as JourneyAnswer | undefined;
    if (answer === undefined) {
      output.error('mqtrace journey: no matching message was found. "mqtrace journey --list" shows the newest ones.');
      return 1;
    }
    if (values.json) output.out(JSON.stringify(answer, undefined, 2));
    else for (const line of journeyText(answer, output.width)) output.out(line);
    return 0;
  },
};

function listText({ messages, more }: SearchAnswer, width: number): string[] {
  if (messages.length === 0) return ['No matching message was found.'];
  const lines = messages.map((message) => summaryText(message, width));
  return more ? [...lines, 'There are more messages: increase --limit.'] : lines;
}

function summaryText(message: MessageSummary, width: number): string {
  const { spanId, start, destination, wait, consumers, attempts, error, skewed } = message;
  const name = message.messageKey || message.messageId;
  const facts = [
    wait === undefined ? (consumers === 0 ? 'not consumed' : '') : `waited ${duration(wait)}`,
    skewed ? 'clocks differ' : '',
    attempts > 0 ? `${attempts + 1} attempts` : '',
    error ? (message.reason === '' ? 'failed' : `failed: ${message.reason}`) : '',
  ].filter((fact) => fact !== '');
  const time = new Date(start).toISOString().slice(11, 23);
  return printable(`${spanId}  ${time}  ${fit(destination, 24)} ${fit(name, 20)} ${facts.join(', ')}`).slice(
    0,
    Math.max(60, width),
  );
}

/** Formats a journey for a terminal: a waterfall in which idle time is folded. */
export function journeyText(answer: JourneyAnswer, width: number): string[] {
  const lines = [...wrap(answer.title, width), `trace ${answer.traceId}, span ${answer.spanId}`];
  // A view of an earlier version does not send this field.
  for (const { kind, name, value, services } of answer.recorded ?? [])
    lines.push(...wrap(`${kind} ${name}: ${value} (${services.join(', ')})`, width, '  '));
  lines.push('');
  const service = Math.min(18, Math.max(7, ...answer.rows.map((row) => row.service.length)));
  const label = Math.max(20, Math.min(48, Math.floor((width - service - 12) * 0.5)));
  const bar = Math.max(10, width - service - label - 14);
  const place = scale(answer, bar);
  for (const row of answer.rows) {
    const name = `${' '.repeat(Math.min(row.depth, 12))}${row.kind === 'wait' ? '… ' : ''}${rowName(row)}`;
    const took = row.kind === 'fold' ? '' : duration(row.end - row.start);
    lines.push(`${fit(row.service, service)} ${fit(name, label)} ${barOf(row, place, bar)} ${fit(took, 9, 'right')}`);
    if (row.note !== '')
      lines.push(`${' '.repeat(service + 1)}${' '.repeat(Math.min(row.depth, 12))}  (${printable(row.note)})`);
  }
  for (const note of answer.notes) lines.push('', ...wrap(note, width));
  const folds = answer.axis.filter(({ folded }) => folded).map(({ from, to }) => duration(to - from));
  if (folds.length > 0) lines.push('', `~ folded: ${folds.join(', ')} without activity`);
  return lines;
}

function rowName(row: JourneyRow): string {
  const parts = [row.name];
  if (row.attempt > 0) parts.push(`attempt ${row.attempt}`);
  if (row.error) parts.push(row.reason === '' ? 'FAILED' : `FAILED: ${row.reason}`);
  if (!row.certain) parts.push('possibly');
  return parts.join(', ');
}

/** Returns the column of a time; each fold is three columns wide. */
function scale(answer: JourneyAnswer, width: number): (time: number) => number {
  const fold = 3;
  const folds = answer.axis.filter(({ folded }) => folded).length;
  const busy = answer.axis.reduce((sum, { from, to, folded }) => sum + (folded ? 0 : to - from), 0) || 1;
  const perMs = Math.max(1, width - folds * fold) / busy;
  return (time) => {
    let at = 0;
    for (const { from, to, folded } of answer.axis) {
      const share = Math.min(1, Math.max(0, (time - from) / Math.max(to - from, 1e-9)));
      at += share * (folded ? fold : (to - from) * perMs);
    }
    return at;
  };
}

function barOf(row: JourneyRow, place: (time: number) => number, width: number): string {
  const from = Math.min(width - 1, Math.floor(place(row.start)));
  const to = Math.min(width, Math.max(from + 1, Math.round(place(row.end))));
  const mark = row.kind === 'fold' ? '⋮' : row.kind === 'wait' ? '·' : row.certain ? '█' : '░';
  return ' '.repeat(from) + mark.repeat(to - from) + ' '.repeat(width - to);
}
