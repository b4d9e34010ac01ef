// Reads all stored data of one span.
import { resourceAttributes, spanDetail } from '../otlp/span-detail.ts';
import type { SpanStore } from '../store/store.ts';
import { nameOf, parentIdOf, type Row, serviceOf, spanIdOf, startOf, endOf, traceIdOf } from './rows.ts';
import type { SpanAnswer } from './types.ts';

/** All stored data of one span. */
export function spanAnswer(store: SpanStore, row: Row): SpanAnswer {
  const { segment } = row;
  const detail = spanDetail(segment.encoded(row.row));
  return {
    schema: 'mqtrace.span/1',
    span: row.span,
    traceId: traceIdOf(row),
    spanId: spanIdOf(row),
    parentSpanId: parentIdOf(row),
    name: nameOf(store, row),
    service: serviceOf(store, row),
    scope: store.scopes.text(segment.scope[row.row]!),
    start: startOf(row),
    end: endOf(row),
    status: segment.status[row.row] === 2 ? 'error' : segment.status[row.row] === 1 ? 'ok' : 'unset',
    statusMessage: detail.statusMessage,
    attributes: detail.attributes,
    resource: resourceAttributes(store.resources[segment.resource[row.row]!]!),
    events: detail.events,
    links: detail.links,
  };
}
