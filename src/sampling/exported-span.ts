// Creates the exported form of a span whose trace state was changed by sampling.
import { TraceFlags, type Attributes, type SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { samplerNameAttribute } from './consistent-sampler.ts';
import { readOtMember, writeOtMember } from './ot-member.ts';
import type { Halves } from './threshold.ts';
import { isSampled } from '../common/is-sampled.ts';

/** Spans that were kept because of a failure in their trace. */
const failed = new WeakSet<ReadableSpan>();

/** Whether the span was kept because of a failure in its local trace. @internal */
export function isKeptFailure(span: ReadableSpan): boolean {
  return failed.has(span);
}

/** @internal */
export function markKeptFailure(span: ReadableSpan): ReadableSpan {
  failed.add(span);
  return span;
}

/**
 * The exported form of a span that was kept after its end: sampled, with this threshold (undefined: without a threshold, because
 * its weight is unknown). The span itself is not changed.
 *
 * @param by - the sampler that kept it, if it is not the one that it was started with.
 * @internal
 */
export function exportedSpan(span: ReadableSpan, threshold: Halves | undefined, by?: string): ReadableSpan {
  const given = span.spanContext();
  const ot = readOtMember(given.traceState);
  const traceState = writeOtMember(given.traceState, threshold, ot?.randomness, ot?.rest ?? '');
  const context: SpanContext = { ...given, traceFlags: given.traceFlags | TraceFlags.SAMPLED, traceState };
  const attributes: Attributes =
    by === undefined ? span.attributes : { ...span.attributes, [samplerNameAttribute]: by };
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes,
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

/** @internal */
export function isSampledSpan(span: ReadableSpan): boolean {
  return isSampled(span.spanContext());
}

/** The estimated memory use of an ended span in bytes. @internal */
export function estimatedBytes({ attributes, events, links }: ReadableSpan): number {
  let bytes = 700 + 300 * events.length + 200 * links.length;
  for (const value of Object.values(attributes)) bytes += 60 + (typeof value === 'string' ? 2 * value.length : 16);
  return bytes;
}
