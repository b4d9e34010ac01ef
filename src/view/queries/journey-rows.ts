// Builds the rows of a message's waterfall.
import { Operation } from '../otlp/span-record.ts';
import type { SpanStore } from '../store/store.ts';
import { counted } from './durations.ts';
import {
  childrenOf,
  consumes,
  creates,
  destinationOf,
  endOf,
  isError,
  linkersOf,
  messagesOf,
  nameOf,
  operationName,
  operationOf,
  parentOf,
  reachedAt,
  type Row,
  serviceOf,
  spanIdOf,
  startOf,
} from './rows.ts';
import { reasonOf } from './reason.ts';
import type { JourneyRow } from './types.ts';

/** Maximum number of children of a span, and of consumers of a message, that are shown; the rest is folded. */
const maxShown = 100;
/** Maximum number of failed spans whose reason is read, because that needs decompression. */
const maxReasons = 50;

/** The rows of a journey, the spans shown so far, and the remaining limit. */
export class JourneyRows {
  readonly list: JourneyRow[] = [];
  readonly seen: Set<number> = new Set();
  /** Messages for which a consumer has been shown. */
  readonly consumed: Set<number> = new Set();
  /** The number of spans beyond the limit. */
  left = 0;
  readonly store: SpanStore;
  readonly #budget: number;
  #failed = 0;

  constructor(store: SpanStore, budget: number) {
    this.store = store;
    this.#budget = budget;
  }

  get full(): boolean {
    return this.list.length >= this.#budget;
  }

  span(row: Row, depth: number, more: Partial<JourneyRow> = {}): boolean {
    if (this.seen.has(row.span)) return false;
    if (this.full) {
      this.left++;
      return false;
    }
    this.seen.add(row.span);
    this.list.push({
      span: row.span,
      spanId: spanIdOf(row),
      kind: 'span',
      depth,
      service: serviceOf(this.store, row),
      name: nameOf(this.store, row),
      start: startOf(row),
      end: endOf(row),
      error: isError(row),
      reason: isError(row) && ++this.#failed <= maxReasons ? reasonOf(row) : '',
      certain: true,
      asked: false,
      operation: operationName(row),
      attempt: 0,
      note: '',
      ...more,
    });
    return true;
  }

  /** The time between two spans, drawn as waiting. */
  wait(from: Row, until: Row, depth: number, certain: boolean, name?: string, since: number = startOf(from)): void {
    if (this.full) return;
    const destination = destinationOf(this.store, until) || destinationOf(this.store, from);
    const end = reachedAt(until);
    const skewed = end < since;
    this.list.push({
      ...blank(until, depth),
      kind: 'wait',
      name: name ?? `waits in ${destination}`,
      start: Math.min(since, end),
      end,
      certain,
      note: skewed ? 'the clocks differ: it was processed before it was created' : '',
    });
  }

  fold(before: Row, depth: number, name: string): void {
    if (this.full) return;
    this.list.push({ ...blank(before, depth), kind: 'fold', name, start: startOf(before), end: startOf(before) });
  }
}

function blank(row: Row, depth: number): JourneyRow {
  return {
    span: row.span,
    spanId: '',
    kind: 'wait',
    depth,
    service: '',
    name: '',
    start: 0,
    end: 0,
    error: false,
    reason: '',
    certain: true,
    asked: false,
    operation: 'none',
    attempt: 0,
    note: '',
  };
}

/** One item to show. Kept on a stack instead of recursion, because a chain of messages may be long. */
interface Step {
  row: Row;
  depth: number;
  certain: boolean;
  more: Partial<JourneyRow>;
  wait: { from: Row; since: number; name: string | undefined } | undefined;
  fold: string | undefined;
}

/** Shows a message and everything that followed from it. */
export function descend(rows: JourneyRows, message: Row, depth: number): void {
  const stack: Step[] = [step(message, depth, true, { asked: true })];
  while (stack.length > 0) {
    const { row, depth: at, certain, more, wait, fold } = stack.pop()!;
    if (fold !== undefined) {
      rows.fold(row, at, fold);
      continue;
    }
    if (rows.seen.has(row.span)) continue;
    if (wait !== undefined) rows.wait(wait.from, row, at, certain, wait.name, wait.since);
    if (!rows.span(row, at, { certain, ...more })) continue;
    const below = creates(row) ? afterCreation(rows, row, at, certain) : afterSpan(rows, row, at, certain);
    stack.push(...below.toReversed());
  }
}

function step(row: Row, depth: number, certain: boolean, more: Partial<JourneyRow> = {}): Step {
  return { row, depth, certain, more, wait: undefined, fold: undefined };
}

/** The consumers of a message, each with its attempts, and what the send itself did. */
function afterCreation(rows: JourneyRows, message: Row, depth: number, certain: boolean): Step[] {
  const { store } = rows;
  const children = childrenOf(store, message);
  const linkers = linkersOf(store, message)
    .map(({ linker }) => linker)
    .filter((linker) => operationOf(linker) !== Operation.send);
  const consuming = unique([...linkers.filter(consumes), ...children.filter(consumes)]);
  // If both a batch and the processing of one of its messages link the message, the batch is shown and contains the other.
  const top = consuming.filter((each) => {
    const parent = parentOf(store, each);
    return parent === undefined || parent.span === message.span || !consuming.some(({ span }) => span === parent.span);
  });
  if (consuming.length > 0) rows.consumed.add(message.span);
  const local = children.filter((child) => !consumes(child));
  const steps: Step[] = local.slice(0, maxShown).map((child) => step(child, depth + 1, certain));
  if (local.length > maxShown)
    steps.push(folded(message, depth + 1, `${counted(local.length - maxShown, 'span')} more`));
  const last = new Map<string, { row: Row; attempt: number; step: Step }>();
  for (const each of top.slice(0, maxShown)) {
    const consumer = `${serviceOf(store, each)} ${each.segment.card[each.row]} ${operationOf(each)}`;
    const before = last.get(consumer);
    const told = each.segment.attempt[each.row]!;
    const attempt = told > 0 ? told : (before?.attempt ?? 0) + 1;
    const again = before !== undefined;
    // If a pull and a process span are both recorded, the message waited for the process span.
    const isPull = operationOf(each) === Operation.receive;
    const isProcessed = isPull && top.some((other) => isProcessOf(store, other, each));
    const early = isPull && startOf(each) < startOf(message);
    const note = early ? 'began before the message was there' : batchNote(each);
    if (before?.step.more.attempt === 0) before.step.more.attempt = before.attempt;
    const next: Step = {
      ...step(each, depth + 1, certain, {
        attempt: again || told > 1 ? attempt : 0,
        note,
        start: early ? reachedAt(each) : startOf(each),
      }),
      wait: isProcessed
        ? undefined
        : again
          ? { from: before.row, since: endOf(before.row), name: `waits for attempt ${attempt}` }
          : { from: message, since: startOf(message), name: undefined },
    };
    steps.push(next);
    last.set(consumer, { row: each, attempt, step: next });
  }
  if (top.length > maxShown)
    steps.push(folded(message, depth + 1, `${counted(top.length - maxShown, 'consumption')} more`));
  // Settlements that are not children of the span whose message they settle.
  const settling = linkers.filter(
    (linker) => operationOf(linker) === Operation.settle && parentOf(store, linker) === undefined,
  );
  steps.push(...settling.slice(0, maxShown).map((each) => step(each, depth + 1, certain)));
  return steps;
}

function afterSpan(rows: JourneyRows, row: Row, depth: number, certain: boolean): Step[] {
  const { store } = rows;
  const messages = consumes(row) ? messagesOf(row) : [];
  // Children of a batch that process another message are siblings, which are not shown. A message that the batch sends may
  // have been caused by any of its messages.
  const shared = messages.length > 1;
  const mine = (child: Row): boolean => {
    if (!shared || !consumes(child)) return true;
    return messagesOf(child).some(([high, low]) => rows.consumed.has(store.find(high, low)));
  };
  const children = childrenOf(store, row).filter(mine);
  const steps: Step[] = children
    .slice(0, maxShown)
    .map((child) =>
      step(child, depth + 1, certain && !(shared && !consumes(child) && operationOf(child) !== Operation.settle)),
    );
  if (children.length > maxShown)
    steps.push(folded(row, depth + 1, `${counted(children.length - maxShown, 'span')} more`));
  return steps;
}

function isProcessOf(store: SpanStore, row: Row, pull: Row): boolean {
  return operationOf(row) === Operation.process && serviceOf(store, row) === serviceOf(store, pull);
}

function batchNote(row: Row): string {
  const others = Math.max(messagesOf(row).length, row.segment.batchCount[row.row]!) - 1;
  return others > 0 ? `with ${counted(others, 'other')} in this batch` : '';
}

function folded(row: Row, depth: number, name: string): Step {
  return { ...step(row, depth, true), fold: name };
}

function unique(rows: readonly Row[]): Row[] {
  const seen = new Set<number>();
  return rows.filter(({ span }) => !seen.has(span) && seen.add(span)).toSorted((a, b) => startOf(a) - startOf(b));
}
