import { describe, expect, test } from 'vitest';
import { extract, inject } from '../src/propagation/index.ts';
import { trace } from '@opentelemetry/api';
import { amqpHeaders, type CarrierAdapter, cloudEvents, httpHeaders, kafkaHeaders, redisFields } from './index.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const first = `00-${traceId}-b7ad6b7169203331-01`;
const second = `00-${traceId}-00f067aa0ba902b7-01`;
const at = (traceparent: string, tracestate = 'v=1'): ReturnType<typeof extract> =>
  extract(kafkaHeaders, { traceparent, tracestate });

describe.each<[string, string, CarrierAdapter<Record<string, unknown>>]>([
  ['kafka', 'ce_', kafkaHeaders],
  ['amqp', 'cloudEvents:', amqpHeaders],
  ['amqp', 'cloudEvents_', amqpHeaders],
  ['http', 'ce-', httpHeaders as CarrierAdapter<never>],
])('%s, prefix %s', (_, prefix, adapter) => {
  const carrier = cloudEvents(adapter);
  const event = Object.freeze({ [`${prefix}specversion`]: '1.0', [`${prefix}id`]: '1' });

  test('one hop: the extension equals the protocol headers', () => {
    expect(inject(carrier, event, at(first))).toEqual({
      ...event,
      traceparent: first,
      tracestate: 'v=1',
      [`${prefix}traceparent`]: first,
      [`${prefix}tracestate`]: 'v=1',
    });
  });

  test('further hops: the extension keeps the starting trace and its state, the protocol headers describe the hop', () => {
    const sent = inject(carrier, event, at(first));
    const hop = inject(carrier, sent, at(second, 'v=2'));
    expect(hop).toEqual({ ...sent, traceparent: second, tracestate: 'v=2' });
    const stateless = inject(
      carrier,
      inject(carrier, event, extract(kafkaHeaders, { traceparent: first })),
      at(second),
    );
    expect(stateless[`${prefix}tracestate`]).toBeUndefined();
  });

  test('the extension is read only if there are no protocol headers', () => {
    const starting = { ...event, [`${prefix}traceparent`]: first, [`${prefix}tracestate`]: 's=1' };
    expect(trace.getSpanContext(extract(carrier, starting))).toMatchObject({ spanId: 'b7ad6b7169203331' });
    const both = trace.getSpanContext(extract(carrier, { ...starting, traceparent: second }));
    expect(both?.spanId).toBe('00f067aa0ba902b7');
    expect(both?.traceState).toBeUndefined();
    expect(trace.getSpanContext(extract(adapter, starting))).toBeUndefined();
  });

  test('messages that are not CloudEvents, and those in structured mode, are not changed', () => {
    const structured = { 'content-type': 'application/cloudevents+json' };
    expect(inject(carrier, structured, at(first))).toEqual({ ...structured, traceparent: first, tracestate: 'v=1' });
    expect(trace.getSpanContext(extract(carrier, { [`${prefix}traceparent`]: first }))).toBeUndefined();
    for (const type of ['application/cloudevents+json; charset=UTF-8', 'Application/CloudEvents-Batch+JSON']) {
      const repeated = Object.freeze({ ...event, 'content-type': type });
      expect(inject(carrier, repeated, at(first))).toEqual({ ...repeated, traceparent: first, tracestate: 'v=1' });
      const starting = { ...repeated, [`${prefix}traceparent`]: first };
      expect(trace.getSpanContext(extract(carrier, starting))).toBeUndefined();
    }
  });
});

test('a format without a binding is not changed', () => {
  expect(cloudEvents(redisFields)).toBe(redisFields);
});
