// The Distributed Tracing extension of CloudEvents, for any carrier.
import type { CarrierAdapter } from './adapter.ts';

/** Prefixes of CloudEvents attributes in binary mode, by format. Redis has no binding. */
const prefixes: ReadonlyMap<string, readonly string[]> = new Map([
  ['kafka', ['ce_']],
  ['amqp', ['cloudEvents:', 'cloudEvents_']],
  ['http', ['ce-']],
]);

/**
 * A carrier that also knows the Distributed Tracing extension of CloudEvents in binary mode (`ce_traceparent` in Kafka headers,
 * `cloudEvents:traceparent` or `cloudEvents_traceparent` in AMQP's, `ce-traceparent` in HTTP's).
 *
 * The extension holds the *starting* trace of an event's journey. It is written where a message is a CloudEvent that has none yet,
 * equal to the protocol's own headers, and never rewritten at later hops. It is read where the message has no `traceparent` of the
 * protocol. Events in structured mode, whose attributes are in the body, are left alone, also where they are repeated as headers; and
 * so are messages that are no CloudEvents.
 */
export function cloudEvents<H>(adapter: CarrierAdapter<H>): CarrierAdapter<H> {
  const known = prefixes.get(adapter.name);
  if (known === undefined) return adapter;
  const prefixOf = (carrier: H): string | undefined =>
    isStructured(adapter.get(carrier, 'content-type'))
      ? undefined
      : known.find((prefix) => adapter.get(carrier, `${prefix}specversion`) !== undefined);

  return {
    ...adapter,
    get(carrier, key) {
      const own = adapter.get(carrier, key);
      if (own !== undefined || !isTraceHeader(key)) return own;
      // State belongs to its traceparent: the two are never taken from different places.
      if (key !== 'traceparent' && adapter.get(carrier, 'traceparent') !== undefined) return undefined;
      const prefix = prefixOf(carrier);
      return prefix === undefined ? undefined : adapter.get(carrier, prefix + key.toLowerCase());
    },
    set(carrier, key, value) {
      adapter.set(carrier, key, value);
      const prefix = isTraceHeader(key) ? prefixOf(carrier) : undefined;
      if (prefix === undefined || adapter.get(carrier, prefix + key) !== undefined) return;
      const starting = adapter.get(carrier, `${prefix}traceparent`);
      if (key === 'traceparent' ? starting === undefined : starting === adapter.get(carrier, 'traceparent')) {
        adapter.set(carrier, prefix + key, value);
      }
    },
  };
}

/** Structured and batched events may repeat their attributes as headers, but those of the body are the ones that count. */
function isStructured(contentType: string | undefined): boolean {
  return contentType?.trimStart().toLowerCase().startsWith('application/cloudevents') === true;
}

function isTraceHeader(key: string): boolean {
  return key === 'traceparent' || key === 'tracestate';
}
