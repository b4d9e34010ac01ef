// Reads spans of the store as rows.
import { Operation } from '../otlp/span-record.ts';
import { LinkState, type Segment } from '../store/segment.ts';
import type { SpanStore } from '../store/store.ts';
import type { JourneyRow } from './types.ts';

/** A span of the store, whose columns are read as needed. */
export interface Row {
  readonly span: number;
  readonly segment: Segment;
  readonly row: number;
}

/** Maximum number of spans that are read for one parent or message. */
const maxNeighbours = 5000;
const operationNames: readonly JourneyRow['operation'][] = ['none', 'create', 'send', 'receive', 'process', 'settle'];

const rowsOfSegment = 2 ** 16;

export function rowOf(store: SpanStore, span: number): Row | undefined {
  const segment = store.segmentOf(span);
  const row = span % rowsOfSegment;
  return segment === undefined || row >= segment.rows ? undefined : { span, segment, row };
}

export function findRow(store: SpanStore, high: number, low: number): Row | undefined {
  if (high === 0 && low === 0) return undefined;
  const span = store.find(high, low);
  return span < 0 ? undefined : rowOf(store, span);
}

/** The span with this hexadecimal id; undefined if there is none. */
export function findHex(store: SpanStore, spanId: string): Row | undefined {
  if (!/^[0-9a-f]{16}$/i.test(spanId)) return undefined;
  return findRow(store, Number.parseInt(spanId.slice(0, 8), 16), Number.parseInt(spanId.slice(8), 16));
}

export const startOf = ({ segment, row }: Row): number => segment.start[row]!;
export const endOf = ({ segment, row }: Row): number => segment.start[row]! + segment.duration[row]!;
/** When a message reached its consumer: at the start of the processing, or at the end of a pull, which may begin before the send. */
export const reachedAt = (row: Row): number => (operationOf(row) === Operation.receive ? endOf(row) : startOf(row));
export const operationOf = ({ segment, row }: Row): number => segment.operation[row]!;
export const operationName = (row: Row): JourneyRow['operation'] => operationNames[operationOf(row)] ?? 'none';
export const isError = ({ segment, row }: Row): boolean => segment.status[row] === 2;
export const creates = ({ segment, row }: Row): boolean => segment.created[row]! > 0;
export const serviceOf = (store: SpanStore, { segment, row }: Row): string =>
  store.services.text(segment.service[row]!);
export const nameOf = (store: SpanStore, { segment, row }: Row): string => store.names.text(segment.name[row]!);
export const destinationOf = (store: SpanStore, { segment, row }: Row): string =>
  store.flow.cards[segment.card[row]!]?.name ?? '';

export function consumes(row: Row): boolean {
  const operation = operationOf(row);
  return operation === Operation.process || operation === Operation.receive;
}

export function spanIdOf({ segment, row }: Row): string {
  return hex(segment.ids[row * 2]!) + hex(segment.ids[row * 2 + 1]!);
}

export function parentIdOf({ segment, row }: Row): string {
  const id = hex(segment.parents[row * 2]!) + hex(segment.parents[row * 2 + 1]!);
  return /^0+$/.test(id) ? '' : id;
}

export function traceIdOf({ segment, row }: Row): string {
  return [...segment.traceIds.subarray(row * 4, row * 4 + 4)].map(hex).join('');
}

export function parentOf(store: SpanStore, { segment, row }: Row): Row | undefined {
  return findRow(store, segment.parents[row * 2]!, segment.parents[row * 2 + 1]!);
}

/** The child spans of a span, by start. */
export function childrenOf(store: SpanStore, of: Row): Row[] {
  const high = of.segment.ids[of.row * 2]!;
  const low = of.segment.ids[of.row * 2 + 1]!;
  const found: Row[] = [];
  for (const [at, segment] of store.segments.entries()) {
    for (
      let row = segment.byParent.head(high, low);
      row >= 0 && found.length < maxNeighbours;
      row = segment.byParent.next(row)
    ) {
      if (segment.isParent(row, high, low)) found.push({ span: store.numberOf(at, row), segment, row });
    }
  }
  return found.toSorted((a, b) => startOf(a) - startOf(b));
}

/** The spans that link to a span, with the state of that link, by start. */
export function linkersOf(store: SpanStore, of: Row): { linker: Row; state: number; wait: number }[] {
  const high = of.segment.ids[of.row * 2]!;
  const low = of.segment.ids[of.row * 2 + 1]!;
  const found: { linker: Row; state: number; wait: number }[] = [];
  for (const [at, segment] of store.segments.entries()) {
    for (
      let entry = segment.byTarget.head(high, low);
      entry >= 0 && found.length < maxNeighbours;
      entry = segment.byTarget.next(entry)
    ) {
      if (!segment.isTarget(entry, high, low)) continue;
      const row = segment.linkRows[entry]!;
      // A span that links to a message several times is listed once.
      if (found.at(-1)?.linker.row === row && found.at(-1)?.linker.segment === segment) continue;
      const linker = { span: store.numberOf(at, row), segment, row };
      found.push({ linker, state: segment.linkStates[entry]!, wait: segment.linkWaits[entry]! });
    }
  }
  return found.toSorted((a, b) => startOf(a.linker) - startOf(b.linker));
}

/** Ids, as two halves, of the messages that a span consumes, without other spans to which it links. */
export function messagesOf({ segment, row }: Row): [high: number, low: number][] {
  const ids: [number, number][] = [];
  for (let entry = segment.linksFrom[row]!; entry < segment.linksFrom[row + 1]!; entry++) {
    const state = segment.linkStates[entry];
    if (state === LinkState.plain || state === LinkState.noContext) continue;
    ids.push([segment.linkTargets[entry * 2]!, segment.linkTargets[entry * 2 + 1]!]);
  }
  return ids;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
