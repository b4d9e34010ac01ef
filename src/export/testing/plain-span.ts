// Creates simple spans.
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

const resource = resourceFromAttributes({ 'service.name': 'test' });
const instrumentationScope = { name: 'test' };

/** A simple span; `id` is its span id as a number. */
export function plainSpan(id: number, more: Partial<ReadableSpan> = {}): ReadableSpan {
  const context = {
    traceId: 'a'.repeat(32),
    spanId: id.toString(16).padStart(16, '0'),
    traceFlags: TraceFlags.SAMPLED,
  };
  return {
    name: 'test',
    kind: SpanKind.INTERNAL,
    spanContext: () => context,
    startTime: [1_700_000_000, 1],
    endTime: [1_700_000_001, 2],
    duration: [1, 1],
    status: { code: SpanStatusCode.UNSET },
    attributes: {},
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...more,
  };
}
