import { baggageEntryMetadataFromString, type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { formats } from '../../carriers/testing/formats.ts';
import { extract, getBaggage, inject } from './index.ts';
import { baggageVectors, spanId, traceContextVectors, traceId } from './testing/w3c-vectors.ts';

describe.each(formats)('$adapter.name', ({ adapter, make, http, anyCase }) => {
  test.each(traceContextVectors)('W3C Trace Context: $rule', (vector) => {
    const asHttp = http || (vector.mixedCase === true && anyCase);
    const expected = asHttp ? vector : (vector.queues ?? vector);
    const context = extract(adapter, make(vector.headers), ROOT_CONTEXT, { propagator: 'mqtrace' });
    const spanContext = trace.getSpanContext(context);
    if (expected.flags === undefined) {
      expect(spanContext).toBeUndefined();
      expect(context).toBe(ROOT_CONTEXT);
      return;
    }
    expect(spanContext).toMatchObject({ traceId, spanId, traceFlags: expected.flags, isRemote: true });
    const sent = inject(adapter, undefined, context, { propagator: 'mqtrace' });
    expect(adapter.get(sent, 'traceparent')).toBe(`00-${traceId}-${spanId}-0${expected.flags}`);
    expect(adapter.get(sent, 'tracestate')).toBe(expected.state);
  });

  test.each(baggageVectors)('W3C Baggage: $rule', ({ headers, entries }) => {
    const made = make(headers.map((header) => ['baggage', header]));
    const received = extract(adapter, made, ROOT_CONTEXT, { propagator: 'mqtrace' });
    expect(entriesOf(received)).toEqual(entries);

    // Propagated unchanged or encoded again, it has the same meaning.
    const passedOn = inject(adapter, undefined, received, { propagator: 'mqtrace' });
    expect(adapter.get(passedOn, 'baggage')).toBe(adapter.get(made, 'baggage'));
    const anew = propagation.createBaggage(
      Object.fromEntries(
        entries.map(([key, value, metadata]) => [
          key,
          metadata === undefined ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) },
        ]),
      ),
    );
    const written = inject(adapter, undefined, propagation.setBaggage(ROOT_CONTEXT, anew), { propagator: 'mqtrace' });
    expect(entriesOf(extract(adapter, written, ROOT_CONTEXT, { propagator: 'mqtrace' }))).toEqual(entries);
  });
});

function entriesOf(context: Context): string[][] {
  return getBaggage(context)
    .getAllEntries()
    .map(([key, { value, metadata }]) => (metadata === undefined ? [key, value] : [key, value, metadata.toString()]));
}
