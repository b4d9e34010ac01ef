// Adds the Distributed Tracing extension of CloudEvents to any carrier.
import type { CarrierAdapter } from './adapter.ts';

/** Prefixes of CloudEvents attributes in binary mode, by format. Redis has no binding. */
const prefixes: ReadonlyMap<string, readonly string[]> = new Map([
  ['kafka', ['ce_']],
  ['amqp', ['cloudEvents:', 'cloudEvents_']],
  ['http', ['ce-']],
]);

/**
 * A carrier that also supports the Distributed Tracing extension of CloudEvents in binary mode (`ce_traceparent` in Kafka headers,
 * `cloudEvents:traceparent` or `cloudEvents_traceparent` in AMQP's, `ce-traceparent` in HTTP's).
 *
 * The extension holds the *starting* trace of an event's journey. It is written to a CloudEvent that does not have it yet, equal to
 * the protocol headers, and never changed at later hops. It is read if the message has no `traceparent` header of the protocol.
 * Events in structured mode, whose attributes are in the body, are not changed, even if the attributes are repeated as headers.
 * Messages that are not CloudEvents are not changed either.
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
      // A tracestate belongs to its traceparent: both are read from the same place.
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

/** Structured and batched events may repeat their attributes as headers, but the attributes in the body are authoritative. */
function isStructured(contentType: string | undefined): boolean {
  return contentType?.trimStart().toLowerCase().startsWith('application/cloudevents') === true;
}

function isTraceHeader(key: string): boolean {
  return key === 'traceparent' || key === 'tracestate';
}
