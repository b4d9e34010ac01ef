// Starts the operations of a consumer: receiving, processing and settling messages.
import { type Attributes, type Context, type Link, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { Incoming } from './incoming.ts';
import { reportFault } from '../common/faults.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { type Counting, measureBatch, measureProcessing, measureReceiving } from './measure-consuming.ts';
import type { DeliveryFacts, Measurement } from './measuring.ts';
import type { MessageContent } from './message-view.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import {
  mergeAttributes,
  noOperation,
  Operation,
  type OperationDescription,
  startOperation,
  addAttributes,
} from './operation.ts';
import { baggageSize } from './baggage-size.ts';
import { messageLink, sharedAttributes, sharedDestination } from './batch.ts';
import { ATTR_BATCH_MESSAGE_COUNT, ATTR_MESSAGE_AGE, ATTR_MESSAGE_CLOCK_SKEW } from './semconv.ts';
import type { OperationClock } from './operation-clock.ts';
import { startSpans } from './spans.ts';

const noContent: MessageContent = { headers: undefined };

/**
 * Starts the processing of one message: a CONSUMER span that links the message's creation context and, by the `parenting` option,
 * is its child; without a valid creation context, a new trace. Its context contains the message's baggage, and nothing from the
 * context in which the consumer was started.
 *
 * @param ambient - the context whose span contains the processing, such as that of a batch; the root context if there is none.
 * @param counting - how metrics count the message; default: only its processing time is measured.
 * @param facts - the broker's information about the delivery, for metrics.
 */
export function startProcessing(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  ambient: Context = ROOT_CONTEXT,
  counting?: Counting,
  facts?: DeliveryFacts,
): Operation {
  if (isTracingSuppressed(ambient)) return noOperation(ambient);
  const measurement = measureProcessing(messaging, description, incoming, counting, facts);
  try {
    return startProcess(messaging, description, incoming, ambient, measurement);
  } catch (error) {
    reportFault('starting an operation', error);
    return noOperation(ambient, measurement);
  }
}

/**
 * The context to process a message in, if it has no span and is not measured; undefined if {@link startProcessing}
 * has to decide, whose operation then has the same context.
 */
export function contextWithoutSpan(messaging: Messaging, incoming: Incoming, ambient: Context): Context | undefined {
  if (metricsEpoch() !== 0 || !messaging.alwaysContinues || isTracingSuppressed(ambient)) return undefined;
  const { context } = incoming;
  return incoming.linkOnly !== true && messaging.isCertainlyUnsampled(context) ? context : undefined;
}

function startProcess(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  ambient: Context,
  measurement: Measurement | undefined,
): Operation {
  const { destination, context } = incoming;
  // Without a span that links the message, only the message's context continues the trace.
  const isIgnored = messaging.ignores(destination);
  const parenting = isIgnored ? 'parent' : messaging.parenting(destination?.name);
  // The active span context is read only if it matters, because it differs for each message.
  const mayDetach = incoming.linkOnly === true || parenting !== 'parent';
  let surrounding = mayDetach ? validSpanContext(ambient) : undefined;
  const detaches = mayDetach && (incoming.linkOnly === true || parenting === 'link' || surrounding !== undefined);
  let parent = context;
  if (detaches) {
    const alone = trace.deleteSpan(context);
    const detached = messaging.pipelines?.keep(context, alone) ?? alone;
    // The span itself, because without a span for the message it is the one that the handler sees as active.
    const active = surrounding === undefined ? undefined : trace.getSpan(ambient);
    parent = active === undefined ? detached : trace.setSpan(detached, active);
  }
  if (isIgnored || messaging.isCertainlyUnsampled(parent)) return noOperation(parent, measurement);
  const { creation } = incoming;
  const links: Link[] = creation === undefined ? [] : [{ context: creation }];
  if (!detaches) {
    surrounding ??= validSpanContext(ambient);
    if (surrounding !== undefined) links.push({ context: surrounding });
  }
  const operation = startOperation(
    messaging,
    {
      name: description.name,
      type: 'process',
      destination,
      attributes: description.attributes,
      own: addAttributes(
        incoming.attributes,
        messaging.baggageAttributes('receive', incoming.context, destination?.name),
      ),
      details: () =>
        mergeAttributes(
          description.details?.(),
          messageAge(incoming.sentAt),
          baggageSize(incoming.context),
          messaging.pipelines?.attributes(incoming.context),
        ),
    },
    { kind: SpanKind.CONSUMER, parent, links, measurement },
  );
  messaging.content?.processed(operation, destination, incoming.content ?? noContent);
  return operation;
}

/**
 * Starts an operation on several messages at once: one span that links each message's creation context. No message's baggage is
 * active in it.
 *
 * @param description - `type` is `'process'` if the client pushes the batch to a handler (CONSUMER), `'receive'` if the application
 *   pulls (CLIENT).
 * @param parent - default: the root context, as for handlers. For a pull: the context of the application's call.
 * @param startedAt - the start of a pull that is traced only if it returns messages.
 */
export function startBatch(
  messaging: Messaging,
  description: Omit<OperationDescription, 'destination'> & { type: 'process' | 'receive' },
  incoming: readonly Incoming[],
  parent: Context = ROOT_CONTEXT,
  startedAt?: OperationClock,
): Operation {
  const measurement = measureBatch(messaging, description, incoming, parent, startedAt);
  try {
    return startOnBatch(messaging, description, incoming, parent, startedAt, measurement);
  } catch (error) {
    reportFault('starting an operation', error);
    return noOperation(parent, measurement);
  }
}

function startOnBatch(
  messaging: Messaging,
  description: Omit<OperationDescription, 'destination'> & { type: 'process' | 'receive' },
  incoming: readonly Incoming[],
  parent: Context,
  startedAt: OperationClock | undefined,
  measurement: Measurement | undefined,
): Operation {
  const { name, type, details } = description;
  // After a pull, the context of the pull stays active. A batch handler runs in the context of its span, sampled or
  // not.
  const skips = type === 'receive' ? messaging.shouldSkipLeaf(parent) : messaging.shouldSkip(parent);
  if (skips || messaging.ignoresAll(incoming)) return noOperation(parent, measurement);
  if (type === 'process' && messaging.isCertainlyDropped(parent)) return startDropped(messaging, parent, measurement);
  const destination = sharedDestination(incoming);
  return startOperation(
    messaging,
    {
      name,
      type,
      details,
      destination,
      attributes: description.attributes,
      own: mergeAttributes(sharedAttributes(incoming), { [ATTR_BATCH_MESSAGE_COUNT]: incoming.length }),
    },
    {
      kind: type === 'process' ? SpanKind.CONSUMER : SpanKind.CLIENT,
      parent,
      links: linksTo(incoming, destination === undefined),
      startedAt,
      measurement,
    },
  );
}

/**
 * An operation whose root span is certainly unsampled: its span only provides a trace for messages that are sent
 * within it.
 */
function startDropped(messaging: Messaging, parent: Context, measurement: Measurement | undefined): Operation {
  const { spans, context } = startSpans(messaging.tracer, 'process', { kind: SpanKind.CONSUMER }, parent);
  return new Operation(context, spans, messaging, undefined, measurement);
}

/**
 * Starts a pull of at most one message: a CLIENT span that links it.
 *
 * @param parent - the context of the application's call.
 * @param messages - the number of messages it returned: 0 if it failed.
 */
export function startReceiving(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  parent: Context,
  startedAt?: OperationClock,
  messages: 0 | 1 = 1,
): Operation {
  const measurement = measureReceiving(messaging, description, incoming, messages, parent, startedAt);
  if (messaging.shouldSkipLeaf(parent)) return noOperation(parent, measurement);
  const operation = startOperation(
    messaging,
    {
      name: description.name,
      details: description.details,
      type: 'receive',
      destination: incoming.destination,
      attributes: description.attributes,
      own: incoming.attributes,
    },
    {
      kind: SpanKind.CLIENT,
      parent,
      links: incoming.creation === undefined ? [] : [{ context: incoming.creation }],
      startedAt,
      measurement,
    },
  );
  messaging.content?.pulled(operation, incoming.content ?? noContent);
  return operation;
}

/**
 * Starts a settlement (ack, nack, reject, commit, XACK): a CLIENT span that links the creation contexts of what it settles.
 *
 * @param parent - the context of the process operation of the settled message, else the active one.
 */
export function startSettling(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type'>,
  settled: readonly Incoming[],
  parent: Context,
): Operation {
  const { name, destination, withoutDestination, attributes, details } = description;
  const measurement =
    metricsEpoch() === 0 || isTracingSuppressed(parent)
      ? undefined
      : messaging.measurer.start(name, 'settle', destination, attributes);
  if (!messaging.recordsSettlement(parent) || messaging.ignoresAll(settled)) return noOperation(parent, measurement);
  // The attributes of a settlement belong to the settled message, unless the span is named after the server.
  const [shared, own] = withoutDestination ? [attributes, undefined] : [undefined, attributes];
  return startOperation(
    messaging,
    { name, type: 'settle', destination, withoutDestination, attributes: shared, own, details },
    {
      kind: SpanKind.CLIENT,
      parent,
      links: linksTo(settled, sharedDestination(settled) === undefined, settled.length > 1),
      measurement,
    },
  );
}

/** A message without a creation context cannot be linked, but is included in the message count. */
function linksTo(incoming: readonly Incoming[], withDestination: boolean, withAttributes = true): Link[] {
  const links: Link[] = [];
  for (const message of incoming) {
    const { creation } = message;
    if (creation === undefined) continue;
    links.push(withAttributes ? messageLink(creation, message, withDestination) : { context: creation });
  }
  return links;
}

/** Clocks of different machines differ: a message from the future has age 0, and its skew is recorded. */
function messageAge(sentAt: number | undefined): Attributes {
  if (sentAt === undefined || !Number.isFinite(sentAt)) return {};
  const age = (Date.now() - sentAt) / 1000;
  return age < 0 ? { [ATTR_MESSAGE_AGE]: 0, [ATTR_MESSAGE_CLOCK_SKEW]: age } : { [ATTR_MESSAGE_AGE]: age };
}
