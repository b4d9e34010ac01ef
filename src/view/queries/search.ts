// Searches messages.
import { encodingsOf, hashKeyValue } from '../otlp/attribute-hash.ts';
import { spanDetail } from '../otlp/span-detail.ts';
import { hashText } from '../store/hash-text.ts';
import { LinkState, type Segment } from '../store/segment.ts';
import type { SpanStore } from '../store/store.ts';
import { messageFor } from './journey.ts';
import { messageTexts } from './message-texts.ts';
import { longestWait, slowest } from './slowest.ts';
import {
  consumes,
  creates,
  destinationOf,
  findHex,
  findRow,
  isError,
  linkersOf,
  nameOf,
  type Row,
  serviceOf,
  spanIdOf,
  startOf,
  traceIdOf,
} from './rows.ts';
import { reasonOf } from './reason.ts';
import { placesIn } from './search-worker.ts';
import type { MessageSummary, SearchAnswer } from './types.ts';

/** The criteria of a search; a message must meet all of them. */
export interface SearchQuery {
  destination?: string | undefined;
  /** The consumer's service. */
  consumer?: string | undefined;
  /** A trace id, span id, message id or key. */
  id?: string | undefined;
  /** An attribute of any span of the message, as `name=value`. */
  attribute?: string | undefined;
  /** Text that a span contains. */
  text?: string | undefined;
  error?: boolean | undefined;
  /** Minimum wait, in milliseconds. */
  waitOver?: number | undefined;
  order?: 'newest' | 'slowest' | undefined;
  limit?: number | undefined;
}

/** A row of a segment, its rank, and its message if that is known to be another span. */
type Candidate = [row: number, rank: number, message?: Row];

const defaultLimit = 50;
export const maxSearchLimit = 500;
/** Maximum number of messages whose failure reason is read, since it is in the compressed part of a span. */
const maxReasons = 100;
/** How long a search runs before it yields to the event loop, in milliseconds. */
const sliceMs = 15;
/** Number of blocks that the worker thread searches for each request. */
const blocksAtOnce = 32;
/** Number of blocks of the first request, because these often contain enough matches. */
const blocksAtFirst = 8;

/** Searches messages. A long search yields to the event loop, reports its progress, and ends when the signal is aborted. */
export async function searchAnswer(
  store: SpanStore,
  query: SearchQuery,
  onProgress: (share: number) => void = () => {},
  signal?: AbortSignal,
): Promise<SearchAnswer> {
  const limit = Math.min(maxSearchLimit, query.limit ?? defaultLimit);
  const found = new Map<number, Row>();
  const ranked: { row: Row; rank: number }[] = [];
  const byRank = query.order === 'slowest';
  const enough = (): boolean => !byRank && found.size > limit;
  const keep = (row: Row, rank: number): void => {
    const message = messageFor(store, row);
    if (found.has(message.span) || !fits(store, message, query)) return;
    found.set(message.span, message);
    ranked.push({ row: message, rank: byRank ? rank || longestWait(store, message) : startOf(message) });
  };
  if (byRank && query.id === undefined && query.attribute === undefined && query.text === undefined && !query.error) {
    for (const { message, wait } of slowest(store, query, limit + 1)) keep(message, wait);
    return answerOf(store, ranked, limit);
  }
  let sliceFrom = performance.now();
  for (const [looked, segment] of store.segments.toReversed().entries()) {
    // The oldest segments may have been evicted during the search.
    const at = store.segments.indexOf(segment);
    if (at < 0) break;
    const base = store.numberOf(at, 0);
    for await (const { rows, share } of candidates(store, segment, query, signal)) {
      for (const [row, rank, message] of rows) {
        keep(message ?? { span: base + row, segment, row }, rank);
        if (enough()) break;
        if (performance.now() - sliceFrom > sliceMs) {
          onProgress((looked + Math.max(share, 1 - row / Math.max(1, segment.rows))) / store.segments.length);
          await new Promise((resolve) => setImmediate(resolve));
          sliceFrom = performance.now();
          if (signal?.aborted) break;
        }
      }
      if (share > 0) onProgress((looked + share) / store.segments.length);
      if (enough() || signal?.aborted) break;
    }
    if (enough() || signal?.aborted) break;
  }
  return answerOf(store, ranked, limit);
}

function answerOf(store: SpanStore, ranked: { row: Row; rank: number }[], limit: number): SearchAnswer {
  ranked.sort((a, b) => b.rank - a.rank);
  const messages = ranked.slice(0, limit).map(({ row }, at) => summary(store, row, at < maxReasons));
  return { schema: 'mqtrace.search/1', messages, more: ranked.length > limit };
}

/** Rows that may match, newest first, and the share of the segment that has been searched. */
interface Group {
  rows: Iterable<Candidate>;
  share: number;
}

/** Finds candidates by the most selective criterion of the query. */
async function* candidates(
  store: SpanStore,
  segment: Segment,
  query: SearchQuery,
  signal: AbortSignal | undefined,
): AsyncIterable<Group> {
  if (query.id === undefined && query.attribute !== undefined) yield* byAttribute(segment, query.attribute, signal);
  else if (query.id === undefined && query.text !== undefined) yield* byText(segment, query.text, signal);
  else yield { rows: byColumns(store, segment, query), share: 0 };
}

function byColumns(store: SpanStore, segment: Segment, query: SearchQuery): Iterable<Candidate> {
  if (query.id !== undefined) return byId(store, segment, query.id);
  if (query.error) return rowsWhere(segment, (row) => segment.status[row] === 2);
  if (query.waitOver !== undefined) return byWait(store, segment, query.waitOver);
  return rowsWhere(segment, (row) => segment.created[row]! > 0);
}

function* rowsWhere(segment: Segment, wanted: (row: number) => boolean): Iterable<Candidate> {
  for (let row = segment.rows - 1; row >= 0; row--) if (wanted(row)) yield [row, 0];
}

function* byId(store: SpanStore, segment: Segment, id: string): Iterable<Candidate> {
  const span = findHex(store, id);
  if (span?.segment === segment) yield [span.row, 0];
  if (/^[0-9a-f]{32}$/i.test(id)) {
    const words = [0, 8, 16, 24].map((at) => Number.parseInt(id.slice(at, at + 8), 16));
    const { traceIds } = segment;
    const [a, b, c, d] = words;
    yield* rowsWhere(
      segment,
      (row) =>
        traceIds[row * 4 + 3] === d &&
        traceIds[row * 4 + 2] === c &&
        traceIds[row * 4 + 1] === b &&
        traceIds[row * 4] === a,
    );
  }
  const hash = hashText(id);
  yield* rowsWhere(segment, (row) => {
    if (segment.messageId[row] !== hash && segment.messageKey[row] !== hash) return false;
    const { messageId, messageKey } = messageTexts({ span: 0, segment, row });
    return messageId === id || messageKey === id;
  });
}

function* byWait(store: SpanStore, segment: Segment, over: number): Iterable<Candidate> {
  for (let entry = segment.linkCount - 1; entry >= 0; entry--) {
    if (segment.linkStates[entry] !== LinkState.resolved || segment.linkWaits[entry]! < over) continue;
    const message = findRow(store, segment.linkTargets[entry * 2]!, segment.linkTargets[entry * 2 + 1]!);
    if (message !== undefined) yield [segment.linkRows[entry]!, 0, message];
  }
}

async function* byAttribute(
  segment: Segment,
  attribute: string,
  signal: AbortSignal | undefined,
): AsyncIterable<Group> {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(attribute) ?? [];
  const holds = (row: number): boolean => {
    const { attributes } = spanDetail(segment.encoded(row));
    const held = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return held !== undefined && (typeof held === 'object' ? JSON.stringify(held) : String(held)) === value;
  };
  const encodings = encodingsOf(name, value);
  const hashes = encodings?.map((bytes) => hashKeyValue(bytes, 0, bytes.length));
  const mayHold = (block: number): boolean => hashes === undefined || segment.raw.mayHold(block, hashes);
  yield* rowsWith(segment, encodings ?? [Buffer.from(name)], mayHold, holds, signal);
}

async function* byText(segment: Segment, text: string, signal: AbortSignal | undefined): AsyncIterable<Group> {
  const needle = Buffer.from(text);
  const holds = (row: number): boolean => segment.encoded(row).includes(needle);
  yield* rowsWith(segment, [needle], () => true, holds, signal);
}

/** Finds rows whose encoded span contains one of the byte strings; a worker thread searches the blocks. */
async function* rowsWith(
  segment: Segment,
  needles: readonly Buffer[],
  mayHold: (block: number) => boolean,
  holds: (row: number) => boolean,
  signal: AbortSignal | undefined,
): AsyncIterable<Group> {
  const { count } = segment.raw;
  const numbers = Array.from({ length: count }, (_, at) => count - 1 - at).filter(mayHold);
  for (let from = 0; from < numbers.length;) {
    if (signal?.aborted) return;
    const some = numbers.slice(from, from + (from === 0 ? blocksAtFirst : blocksAtOnce));
    from += some.length;
    const found = await placesIn(
      some.map((at) => segment.raw.stored(at)!),
      needles,
    );
    const rows = function* (): Iterable<Candidate> {
      for (const [at, places] of found.entries()) {
        const inBlock = new Set(places.map((place) => segment.rowAt(segment.raw.placeOf(some[at]!, place))));
        for (const row of [...inBlock].toSorted((a, b) => b - a)) if (holds(row)) yield [row, 0];
      }
    };
    yield { rows: rows(), share: (count - some.at(-1)!) / count };
  }
}

function fits(store: SpanStore, message: Row, query: SearchQuery): boolean {
  if (query.destination !== undefined && destinationOf(store, message) !== query.destination) {
    const consumedThere = linkersOf(store, message).some(
      ({ linker }) => consumes(linker) && destinationOf(store, linker) === query.destination,
    );
    if (!consumedThere) return false;
  }
  const wantsConsumers = query.consumer !== undefined || query.error || query.waitOver !== undefined;
  if (!wantsConsumers) return true;
  const consumers = linkersOf(store, message).filter(({ linker }) => consumes(linker));
  if (query.consumer !== undefined && !consumers.some(({ linker }) => serviceOf(store, linker) === query.consumer))
    return false;
  if (query.error && !isError(message) && !consumers.some(({ linker }) => isError(linker))) return false;
  return query.waitOver === undefined || consumers.some(({ wait }) => wait >= query.waitOver!);
}

function summary(store: SpanStore, message: Row, withReason: boolean): MessageSummary {
  const consumers = creates(message) ? linkersOf(store, message).filter(({ linker }) => consumes(linker)) : [];
  const waits = consumers.filter(({ state }) => state === LinkState.resolved).map(({ wait }) => wait);
  const failed = isError(message) ? message : consumers.find(({ linker }) => isError(linker))?.linker;
  return {
    span: message.span,
    traceId: traceIdOf(message),
    spanId: spanIdOf(message),
    destination: destinationOf(store, message),
    service: serviceOf(store, message),
    name: nameOf(store, message),
    start: startOf(message),
    ...messageTexts(message),
    wait: waits.every((wait) => wait < 0) ? undefined : waits.reduce((longest, wait) => Math.max(longest, wait), 0),
    skewed: waits.some((wait) => wait < 0),
    consumers: new Set(consumers.map(({ linker }) => serviceOf(store, linker))).size,
    attempts: consumers.filter(({ state }) => state === LinkState.attempt).length,
    error: failed !== undefined,
    reason: failed === undefined || !withReason ? '' : reasonOf(failed),
  };
}

/** The message with this id, as `mqtrace journey ID` needs it. */
export async function findMessage(store: SpanStore, id: string, signal?: AbortSignal): Promise<Row | undefined> {
  const direct = findHex(store, id);
  if (direct !== undefined) return direct;
  const { messages } = await searchAnswer(store, { id, limit: 1 }, undefined, signal);
  const [first] = messages;
  return first === undefined ? undefined : findRow(store, ...halves(first.spanId));
}

function halves(spanId: string): [number, number] {
  return [Number.parseInt(spanId.slice(0, 8), 16), Number.parseInt(spanId.slice(8), 16)];
}
