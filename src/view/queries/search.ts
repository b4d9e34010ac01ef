// Searches messages.
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
import type { MessageSummary, SearchAnswer } from './types.ts';

/** What messages are looked for; all that is given must hold. */
export interface SearchQuery {
  destination?: string | undefined;
  /** The consumer's service. */
  consumer?: string | undefined;
  /** A trace id, span id, message id or key. */
  id?: string | undefined;
  /** An attribute of any span of the message, as `name=value`. */
  attribute?: string | undefined;
  /** Text anywhere in a span. */
  text?: string | undefined;
  error?: boolean | undefined;
  /** Waited longer than this, in milliseconds. */
  waitOver?: number | undefined;
  order?: 'newest' | 'slowest' | undefined;
  limit?: number | undefined;
}

/** A row of a segment, its rank, and the message where it is known to be another span. */
type Candidate = [row: number, rank: number, message?: Row];

const defaultLimit = 50;
export const maxSearchLimit = 500;
/** Messages of a list of which is said why they failed: that lies in the compressed part of a span. */
const maxReasons = 100;
/** How long a search works before it lets others work, in milliseconds. */
const sliceMs = 15;

/** Looks for messages; long searches let others work in between, tell how far they are, and stop when they are told to. */
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
  let looked = 0;
  for (const segmentAt of store.segments.map((_, at) => at).toReversed()) {
    const segment = store.segments[segmentAt]!;
    const base = store.numberOf(segmentAt, 0);
    for (const [row, rank, message] of candidates(store, segment, query)) {
      keep(message ?? { span: base + row, segment, row }, rank);
      if (enough()) break;
      if (performance.now() - sliceFrom > sliceMs) {
        onProgress((looked + row / Math.max(1, segment.rows)) / store.segments.length);
        await new Promise((resolve) => setImmediate(resolve));
        sliceFrom = performance.now();
        if (signal?.aborted) break;
      }
    }
    looked++;
    if (enough() || signal?.aborted) break;
  }
  return answerOf(store, ranked, limit);
}

function answerOf(store: SpanStore, ranked: { row: Row; rank: number }[], limit: number): SearchAnswer {
  ranked.sort((a, b) => b.rank - a.rank);
  const messages = ranked.slice(0, limit).map(({ row }, at) => summary(store, row, at < maxReasons));
  return { schema: 'mqtrace.search/1', messages, more: ranked.length > limit };
}

/** Rows that may belong to what is looked for, newest first, by the narrowest of the query's terms. */
function candidates(store: SpanStore, segment: Segment, query: SearchQuery): Iterable<Candidate> {
  if (query.id !== undefined) return byId(store, segment, query.id);
  if (query.attribute !== undefined) return byAttribute(segment, query.attribute);
  if (query.text !== undefined) return byText(segment, Buffer.from(query.text));
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
    yield* rowsWhere(segment, (row) => words.every((word, at) => traceIds[row * 4 + at] === word));
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

function* byAttribute(segment: Segment, attribute: string): Iterable<Candidate> {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(attribute) ?? [];
  for (const [row, rank] of byText(segment, Buffer.from(name))) {
    const { attributes } = spanDetail(segment.raw.read(segment.rawPlace[row]!, segment.rawLength[row]!));
    const held = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (held !== undefined && (typeof held === 'object' ? JSON.stringify(held) : String(held)) === value)
      yield [row, rank];
  }
}

/** Rows whose encoded span holds these bytes; the blocks are looked through as they are. */
function* byText(segment: Segment, needle: Buffer): Iterable<Candidate> {
  if (needle.length === 0) return;
  let row = segment.rows - 1;
  for (let at = segment.raw.count - 1; at >= 0; at--) {
    const block = segment.raw.block(at);
    const has = block.includes(needle);
    for (; row >= 0 && segment.raw.blockOf(segment.rawPlace[row]!) === at; row--) {
      if (!has) continue;
      const span = segment.raw.read(segment.rawPlace[row]!, segment.rawLength[row]!);
      if (span.includes(needle)) yield [row, 0];
    }
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
    wait: waits.length === 0 ? undefined : waits.reduce((longest, wait) => Math.max(longest, wait), 0),
    consumers: new Set(consumers.map(({ linker }) => serviceOf(store, linker))).size,
    attempts: consumers.filter(({ state }) => state === LinkState.attempt).length,
    error: failed !== undefined,
    reason: failed === undefined || !withReason ? '' : reasonOf(failed),
  };
}

/** The one message that an id names, as `mqtrace journey ID` wants it. */
export async function findMessage(store: SpanStore, id: string): Promise<Row | undefined> {
  const direct = findHex(store, id);
  if (direct !== undefined) return direct;
  const { messages } = await searchAnswer(store, { id, limit: 1 });
  const [first] = messages;
  return first === undefined ? undefined : findRow(store, ...halves(first.spanId));
}

function halves(spanId: string): [number, number] {
  return [Number.parseInt(spanId.slice(0, 8), 16), Number.parseInt(spanId.slice(8), 16)];
}
