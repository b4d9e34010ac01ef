// Starts operations: prepared spans where the tracer supports them, else spans with all their attributes.
import type { Attributes, Context, Link, SpanOptions } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import {
  type Linked,
  linkList,
  type PreparedSpan,
  type PreparedTracer,
  preparedTracer,
} from '../common/prepared-span.ts';
import { FieldContext } from '../propagation/field-context.ts';
import type { Measurement } from './measurement.ts';
import type { Messaging } from './messaging.ts';
import {
  mergeAttributes,
  noOperation,
  Operation,
  type OperationDescription,
  type OperationStart,
} from './operation.ts';
import type { OperationClock } from './operation-clock.ts';
import { ATTR_LINKS_PART, type SemconvVersion, toVersion } from './semconv.ts';
import { linksPerSpan, type OperationSpans, startSpans } from './spans.ts';

/**
 * Starts an operation. After a fault of tracing, the operation has no span and the parent's context: the application continues.
 */
export function startOperation(
  messaging: Messaging,
  description: OperationDescription,
  start: OperationStart,
): Operation {
  const { parent, links, startedAt, measurement } = start;
  try {
    const { destination, details } = description;
    if (messaging.isCertainlyUnsampled(parent) || messaging.ignores(destination)) {
      return noOperation(parent, measurement);
    }
    const prepared = messaging.operations.get(description, start.kind);
    const operation = startPrepared(messaging, prepared, description.own, links, parent, startedAt, measurement);
    if (details !== undefined) operation.set(details);
    return operation;
  } catch (error) {
    reportFault('starting an operation', error);
    return noOperation(parent, measurement);
  }
}

/**
 * Starts an operation that is prepared, and that has a span by all options. Its arguments are not in an object, because one
 * would be created for each message.
 *
 * @param own - the attributes of only this operation; undefined values are omitted.
 */
export function startPrepared(
  messaging: Messaging,
  prepared: PreparedSpan,
  own: Attributes | undefined,
  linked: Linked,
  parent: Context,
  startedAt: OperationClock | undefined,
  measurement: Measurement | undefined,
): Operation {
  const { semconv } = messaging;
  const attributes = own && toVersion(own, semconv);
  const links = linked && linksInVersion(linked, semconv);
  if (messaging.fastPath) {
    try {
      const ours = preparedTracer(messaging.tracer());
      if (
        ours !== undefined &&
        (typeof links === 'function' || (Array.isArray(links) && links.length > linksPerSpan))
      ) {
        const { spans, context } = startParts(ours, prepared, attributes, links, startedAt?.start, parent);
        const alone = spans.length === 1 ? spans[0]! : spans;
        return new Operation(context, alone, messaging, startedAt, measurement);
      }
      if (ours !== undefined) {
        const span = ours.startPrepared(prepared, attributes, links, startedAt?.start, parent);
        return new Operation(FieldContext.withSpan(parent, span), span, messaging, startedAt, measurement);
      }
    } catch (error) {
      reportFault('starting a span', error);
      return noOperation(parent, measurement);
    }
  }
  const options: SpanOptions = { kind: prepared.kind, attributes: prepared.with(attributes) };
  const list = linkList(links);
  if (list !== undefined && list.length > 0) options.links = list;
  if (startedAt !== undefined) options.startTime = startedAt.start;
  const { spans, context } = startSpans(messaging.tracer, prepared.name, options, parent);
  const operation = new Operation(context, spans, messaging, startedAt, measurement);
  const { details } = prepared;
  if (details !== undefined) operation.set(() => details);
  return operation;
}

/** As the further spans of {@link startSpans}. */
function startParts(
  tracer: PreparedTracer,
  prepared: PreparedSpan,
  own: Attributes | undefined,
  links: Link[] | (() => Link[]),
  startTime: number | undefined,
  parent: Context,
): OperationSpans {
  let all: Link[] = [];
  const part = (number: number): Link[] => all.slice((number - 1) * linksPerSpan, number * linksPerSpan);
  const firstPart = (): Link[] => {
    all = typeof links === 'function' ? links() : links;
    return all.length > linksPerSpan ? part(1) : all;
  };
  const first = tracer.startPrepared(prepared, own, firstPart, startTime, parent);
  const context = FieldContext.withSpan(parent, first);
  const spans = [first];
  for (let number = 2; (number - 1) * linksPerSpan < all.length && first.isRecording(); number++) {
    const more = mergeAttributes(own, { [ATTR_LINKS_PART]: number });
    spans.push(tracer.startPrepared(prepared, more, part(number), startTime, context));
  }
  return { spans, context };
}

function linksInVersion(linked: NonNullable<Linked>, semconv: SemconvVersion): Linked {
  if (semconv === 'latest') return linked;
  if (typeof linked === 'function') return () => listInVersion(linked(), semconv);
  return Array.isArray(linked) ? listInVersion(linked, semconv) : linked;
}

function listInVersion(links: readonly Link[], semconv: SemconvVersion): Link[] {
  return links.map((link) =>
    link.attributes === undefined ? link : { ...link, attributes: toVersion(link.attributes, semconv) },
  );
}
