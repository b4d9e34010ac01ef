// Creates the span of an operation, and additional spans if it has more links than one span may have.
import type { Context, Link, Span, SpanOptions } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';
import { FieldContext } from '../propagation/field-context.ts';
import { ATTR_LINKS_PART } from './semconv.ts';
import type { TracerSource } from './tracer.ts';

/** The SDK's default limit. The SDK drops further links silently. */
export const linksPerSpan = 128;

/** The spans of one operation: the first one is the operation's span, additional ones have the links beyond its limit. */
export interface OperationSpans {
  spans: Span[];
  /** The parent context with the operation's span in it; without a usable span, the parent context. */
  context: Context;
}

/** Starts the span of an operation, and child spans for the links after the 128th. Never throws; a fault is counted. */
export function startSpans(tracer: TracerSource, name: string, options: SpanOptions, parent: Context): OperationSpans {
  const started: OperationSpans = { spans: [], context: parent };
  try {
    const { links } = options;
    if (links === undefined || links.length <= linksPerSpan) {
      addFirst(started, tracer().startSpan(name, options, parent));
    } else {
      startLinked(started, tracer, name, options, links);
    }
  } catch (error) {
    reportFault('starting a span', error);
  }
  return started;
}

function startLinked(
  started: OperationSpans,
  tracer: TracerSource,
  name: string,
  options: SpanOptions,
  links: readonly Link[],
): void {
  const part = (number: number): Link[] => links.slice((number - 1) * linksPerSpan, number * linksPerSpan);
  const span = tracer().startSpan(name, { ...options, links: part(1) }, started.context);
  addFirst(started, span);
  if (!answered(span.isRecording())) return;
  for (let number = 2; (number - 1) * linksPerSpan < links.length; number++) {
    const attributes = { ...options.attributes, [ATTR_LINKS_PART]: number };
    const further = tracer().startSpan(name, { ...options, attributes, links: part(number) }, started.context);
    if (further !== undefined && further !== null) started.spans.push(further);
  }
}

function addFirst(started: OperationSpans, given: Span | null | undefined): void {
  const span = answered(given);
  if (span === undefined || span === null) throw new TypeError(`startSpan() returned ${String(span)}`);
  started.spans.push(span);
  // A span without a valid span context must not become active: the application's own calls would fail with it.
  if (typeof answered(span.spanContext())?.traceId !== 'string')
    throw new TypeError('spanContext() returned no span context');
  started.context = FieldContext.withSpan(started.context, span);
}
