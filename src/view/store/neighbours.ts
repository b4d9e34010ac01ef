// Finds the parent, the children and earlier deliveries of a span that was just received.
import { Kind, Operation, type SpanRecord } from '../otlp/span-record.ts';
import type { Segment } from './segment.ts';
import type { SpanStore } from './store.ts';

/** Maximum number of children of one span that are read, so that very many children do not become slower and slower. */
const maxChildren = 64;

/** The position of a span in the store. */
export interface Place {
  segment: Segment;
  row: number;
}

/** The newest span with this id. */
export function findPlace({ segments }: SpanStore, high: number, low: number): Place | undefined {
  if (high === 0 && low === 0) return undefined;
  for (let at = segments.length - 1; at >= 0; at--) {
    const segment = segments[at]!;
    const row = segment.findRow(high, low);
    if (row >= 0) return { segment, row };
  }
  return undefined;
}

/** Whether another instrumentation also recorded this send, as a parent or child span for the same destination. */
export function isDoubled(store: SpanStore, record: SpanRecord, segment: Segment, row: number): boolean {
  const same = (other: Segment, at: number): boolean =>
    isSameDestination(segment, row, other, at) && other.scope[at] !== segment.scope[row];
  const parent = findPlace(store, record.parentHigh, record.parentLow);
  if (parent !== undefined && same(parent.segment, parent.row)) return true;
  return hasChild([segment], record, same);
}

/**
 * Whether this span is the outer one of two nested spans of the same send and instrumentation, as in Python's pika. The inner span is
 * the creation of the message: its context is in the headers.
 */
export function isRepeated(store: SpanStore, record: SpanRecord, segment: Segment, row: number): boolean {
  if (record.kind !== Kind.producer || segment.messageId[row] === 0) return false;
  return hasChild(store.segments, record, (other, at) => isSameSend(segment, row, other, at));
}

/** The outer span of the same send, as for {@link isRepeated}, if it was received first and counted as the creation. */
export function repeatedBy(store: SpanStore, record: SpanRecord, segment: Segment, row: number): Place | undefined {
  if (record.kind !== Kind.producer || segment.messageId[row] === 0) return undefined;
  const outer = findPlace(store, record.parentHigh, record.parentLow);
  if (outer === undefined || outer.segment.created[outer.row] === 0) return undefined;
  return isSameSend(segment, row, outer.segment, outer.row) ? outer : undefined;
}

/** Whether one of the first {@link maxChildren} children of a span in these segments meets a condition. */
function hasChild(
  segments: readonly Segment[],
  { idHigh, idLow }: SpanRecord,
  condition: (segment: Segment, row: number) => boolean,
): boolean {
  let seen = 0;
  for (const segment of segments) {
    for (
      let child = segment.byParent.head(idHigh, idLow);
      child >= 0 && seen++ < maxChildren;
      child = segment.byParent.next(child)
    ) {
      if (segment.isParent(child, idHigh, idLow) && condition(segment, child)) return true;
    }
  }
  return false;
}

/** Whether the other span is a send of the same service to the same destination. */
function isSameDestination(segment: Segment, row: number, other: Segment, at: number): boolean {
  return (
    other.kind[at] === Kind.producer &&
    other.card[at] === segment.card[row] &&
    other.service[at] === segment.service[row]
  );
}

function isSameSend(segment: Segment, row: number, other: Segment, at: number): boolean {
  return (
    isSameDestination(segment, row, other, at) &&
    other.scope[at] === segment.scope[row] &&
    other.messageId[at] === segment.messageId[row]
  );
}

/** Whether a span is processed within the receive of its message, as in Go's kotel: the receive is counted. */
export function isWithinConsumption(parent: Place | undefined, segment: Segment, row: number): boolean {
  if (parent === undefined || !consumes(parent.segment.operation[parent.row]!)) return false;
  return (
    parent.segment.card[parent.row] === segment.card[row] && parent.segment.service[parent.row] === segment.service[row]
  );
}

export function consumes(operation: number): boolean {
  return operation === Operation.process || operation === Operation.receive || operation === Operation.settle;
}
