// Answers what happened to one message.
import type { SpanStore } from '../store/store.ts';
import { counted, duration } from './durations.ts';
import { descend, JourneyRows } from './journey-rows.ts';
import { recordedOf } from './journey-recorded.ts';
import { messageTexts } from './message-texts.ts';
import {
  consumes,
  creates,
  destinationOf,
  findRow,
  messagesOf,
  parentOf,
  type Row,
  spanIdOf,
  traceIdOf,
} from './rows.ts';
import { timeAxis } from './time-axis.ts';
import type { JourneyAnswer } from './types.ts';

/** Maximum number of spans that a journey shows. */
export const journeyBudget = 2000;
/** Maximum number of steps upwards: a longer chain of messages is considered a loop. */
const maxAncestors = 200;

/**
 * The history of one message: its ancestors and its descendants, but not its siblings. A search that goes up through a span does
 * not go down to its other children, because a few such steps would connect all messages.
 */
export function journeyAnswer(store: SpanStore, asked: Row, budget: number = journeyBudget): JourneyAnswer {
  const message = messageFor(store, asked);
  const notes: string[] = [];
  const rows = new JourneyRows(store, budget);
  const above = ancestors(store, message, notes);
  let depth = 0;
  for (const [at, { row, certain, note }] of above.entries()) {
    const before = above[at - 1];
    if (before !== undefined && consumes(row) && creates(before.row)) rows.wait(before.row, row, depth++, certain);
    rows.span(row, depth++, { certain, note });
  }
  descend(rows, message, depth);
  const spans = rows.list.filter(({ kind }) => kind === 'span');
  const start = Math.min(...spans.map((row) => row.start));
  const end = Math.max(...spans.map((row) => row.end));
  const axis = timeAxis(spans);
  const working = axis.busy;
  if (rows.left > 0) notes.push(`${counted(rows.left, 'span')} more did not find room in ${budget}.`);
  if (!consumesAnything(rows, message)) notes.push('No consumer of this message has been seen yet.');
  const recorded = recordedOf(store, message);
  if (recorded.more)
    notes.push('More baggage and headers were recorded than are listed here: see the attributes of the spans.');
  const { messageId, messageKey } = messageTexts(message);
  const destination = destinationOf(store, message);
  const name = messageKey || messageId || (destination === '' ? spanIdOf(message) : `A message of ${destination}`);
  const total = end - start;
  const waiting = Math.max(0, total - working);
  return {
    schema: 'mqtrace.journey/1',
    title: titleOf(name, total, waiting, working),
    traceId: traceIdOf(message),
    spanId: spanIdOf(message),
    messageId,
    messageKey,
    destination,
    start,
    end,
    waiting,
    working,
    recorded: recorded.values,
    rows: rows.list,
    axis: axis.pieces,
    notes,
  };
}

function titleOf(name: string, total: number, waiting: number, working: number): string {
  if (waiting === 0) return `${name}: ${duration(total)}`;
  const part = waiting > working ? `${duration(working)} work` : `${duration(waiting)} waiting`;
  return `${name}: ${duration(total)}, of which ${part}`;
}

/** The message of a span: the one that it created, the one that it consumed, or the one of the nearest ancestor. */
export function messageFor(store: SpanStore, row: Row): Row {
  let at: Row | undefined = row;
  const seen = new Set<number>();
  while (at !== undefined && !seen.has(at.span)) {
    seen.add(at.span);
    if (creates(at)) return at;
    if (consumes(at)) {
      const [only, ...others] = messagesOf(at);
      const source = only === undefined || others.length > 0 ? undefined : findRow(store, ...only);
      return source ?? at;
    }
    at = parentOf(store, at);
  }
  return row;
}

function ancestors(store: SpanStore, message: Row, notes: string[]): { row: Row; certain: boolean; note: string }[] {
  const above: { row: Row; certain: boolean; note: string }[] = [];
  const seen = new Set<number>([message.span]);
  let certain = true;
  let at = message;
  while (above.length < maxAncestors) {
    let next: Row | undefined;
    let note = '';
    if (consumes(at)) {
      const [first, ...others] = messagesOf(at);
      if (others.length > 0) {
        certain = false;
        const last = above[0];
        if (last !== undefined)
          last.note = `a batch of ${counted(others.length + 1, 'message')}; which one led here is not known`;
        break;
      }
      next = first === undefined ? parentOf(store, at) : findRow(store, ...first);
      if (first !== undefined && next === undefined)
        notes.push('The message before it was consumed, but its creation was not seen.');
      if (next !== undefined && consumes(next)) note = 'a part of this batch';
    } else next = parentOf(store, at);
    if (next === undefined || seen.has(next.span)) break;
    seen.add(next.span);
    above.unshift({ row: next, certain, note });
    at = next;
  }
  return above;
}

function consumesAnything(rows: JourneyRows, message: Row): boolean {
  return !creates(message) || rows.consumed.has(message.span);
}
