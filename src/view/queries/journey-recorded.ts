// Reads the baggage and the headers that the spans of one message recorded.
import { type ShownValue, spanDetail } from '../otlp/span-detail.ts';
import type { SpanStore } from '../store/store.ts';
import { childrenOf, consumes, linkersOf, messagesOf, type Row, serviceOf } from './rows.ts';
import type { RecordedValue } from './types.ts';

/** Maximum number of spans of one message that are read, because attributes need decompression. */
const maxSpans = 50;
export const maxRecorded = 50;
const maxName = 128;
const maxText = 256;
const prefixes = { baggage: 'baggage.', header: 'messaging.header.' } as const;

/**
 * The baggage and headers of a message, from the attributes of the span that created it and of those that consumed it alone: the
 * attributes of a batch are not known to be of this message. `more` is whether there are values beyond the limit.
 */
export function recordedOf(store: SpanStore, message: Row): { values: RecordedValue[]; more: boolean } {
  const linkers = linkersOf(store, message).map(({ linker }) => linker);
  const consumers = [...linkers, ...childrenOf(store, message)].filter(
    (row) => consumes(row) && messagesOf(row).length <= 1,
  );
  const rows = [...new Map([message, ...consumers].map((row) => [row.span, row])).values()];
  const found = new Map<string, RecordedValue>();
  let more = rows.length > maxSpans;
  for (const row of rows.slice(0, maxSpans)) {
    if (found.size === maxRecorded && more) break;
    const service = serviceOf(store, row);
    for (const value of valuesOf(row)) {
      const key = JSON.stringify([value.kind, value.name, value.value]);
      const known = found.get(key);
      if (known !== undefined) {
        if (!known.services.includes(service)) known.services.push(service);
      } else if (found.size < maxRecorded) found.set(key, { ...value, services: [service] });
      else {
        more = true;
        break;
      }
    }
  }
  const values = [...found.values()].toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
  return { values, more };
}

function* valuesOf({ segment, row }: Row): Generator<Omit<RecordedValue, 'services'>> {
  const { attributes } = spanDetail(segment.encoded(row));
  for (const [attribute, value] of Object.entries(attributes)) {
    for (const kind of ['baggage', 'header'] as const) {
      const prefix = prefixes[kind];
      if (!attribute.startsWith(prefix) || attribute.length === prefix.length) continue;
      const name = cut(attribute.slice(prefix.length), maxName);
      for (const each of Array.isArray(value) ? value : [value])
        yield { kind, name, value: cut(textOf(each), maxText) };
    }
  }
}

function textOf(value: ShownValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
