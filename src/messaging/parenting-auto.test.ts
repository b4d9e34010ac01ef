// Tests `parenting: 'auto'`: the topology of process spans in the newest OpenTelemetry for Java.
import { context, trace } from '@opentelemetry/api';
import { beforeEach, expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { linked, recordSpans, underSpan } from '../../test-support/spans.ts';
import { getBaggage } from '../propagation/index.ts';
import { Messaging, runHandler, startProcessing, type TraceOptions } from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const recording = recordSpans();
beforeEach(() => recording.clear());
const [traceId, spanId] = ['1'.repeat(32), '2'.repeat(16)];
const headers = { traceparent: `00-${traceId}-${spanId}-01`, baggage: 'tenant=acme' };

function handle(options: TraceOptions = {}): { tenant: string | undefined; active: unknown } {
  const { tracerProvider } = recording;
  const messaging = new Messaging('kafka', 'test', { tracerProvider, parenting: 'auto', ...options });
  const incoming = readIncoming(messaging, kafkaHeaders, headers, { destination: { name: 'orders' } });
  const operation = startProcessing(messaging, { name: 'process' }, incoming, context.active());
  return runHandler(operation, () => ({
    tenant: getBaggage().getEntry('tenant')?.value,
    active: trace.getSpan(context.active()),
  }));
}

test('without an active span: a child of the creation context, which it links as well, with the baggage', () => {
  expect(handle().tenant).toBe('acme');
  const span = recording.span('process orders');
  expect([span.parentSpanContext?.spanId, linked(span)]).toEqual([spanId, [`${traceId}-${spanId}`]]);
});

test('within a span: its child, in its trace, which links the creation context, with the baggage of the message', async () => {
  const batch = await underSpan(recording, (active) => {
    expect(handle().tenant).toBe('acme');
    return active;
  });
  const span = recording.span('process orders');
  expect([span.spanContext().traceId, span.parentSpanContext?.spanId]).toEqual([batch.traceId, batch.spanId]);
  expect(linked(span)).toEqual([`${traceId}-${spanId}`]);
});

test('a handler without a span of its own, because it is not sampled, sees the span that surrounds it', () => {
  const surrounding = trace.wrapSpanContext({ traceId: '3'.repeat(32), spanId: '4'.repeat(16), traceFlags: 0 });
  const seen = context.with(trace.setSpan(context.active(), surrounding), () => handle({ tracerProvider: undefined }));
  expect(seen.tenant).toBe('acme');
  expect(trace.isSpanContextValid((seen.active as typeof surrounding).spanContext())).toBe(true);
});
