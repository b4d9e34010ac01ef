// Starts the operations of a consumer: receiving, processing and settling messages.
import { type Context, ROOT_CONTEXT, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import type { Linked } from '../common/prepared-span.ts';
import type { Incoming } from './incoming.ts';
import { reportFault } from '../common/faults.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { type Counting, measureBatch, measureProcessing, measureReceiving } from './measure-consuming.ts';
import type { Measurement } from './measurement.ts';
import type { DeliveryFacts } from './measuring.ts';
import type { MessageContent } from './message-view.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import { addAttributes, mergeAttributes, noOperation, Operation, type OperationDescription } from './operation.ts';
import { putBaggageSize } from './baggage-size.ts';
import { linksTo, sharedAttributes, sharedDestination } from './batch.ts';
import { ATTR_BATCH_MESSAGE_COUNT, ATTR_MESSAGE_AGE, ATTR_MESSAGE_CLOCK_SKEW } from './semconv.ts';
import type { OperationClock } from './operation-clock.ts';
import { startSpans } from './spans.ts';
import { startOperation, startPrepared } from './start-operation.ts';

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
  if (!detaches) surrounding ??= validSpanContext(ambient);
  const linked = detaches ? creation : linkBoth(creation, surrounding);
  const prepared = messaging.operations.find('process', description, destination, SpanKind.CONSUMER);
  const baggage = messaging.baggageAttributes('receive', context, destination?.name);
  const own = addAttributes(incoming.attributes, baggage);
  const operation = startPrepared(messaging, prepared, own, linked, parent, undefined, measurement);
  if (operation.isRecording) {
    const { details } = description;
    if (details !== undefined) operation.set(details);
    try {
      putMessageAge(operation, incoming.sentAt);
      putBaggageSize(operation, context);
      const { pipelines } = messaging;
      if (pipelines !== undefined) operation.set(() => pipelines.attributes(context) ?? {});
    } catch (error) {
      reportFault('setting span attributes', error);
    }
  }
  messaging.content?.processed(operation, destination, incoming.content ?? noContent);
  return operation;
}

/** The links to the creation context and the surrounding span, of those that exist. */
function linkBoth(creation: SpanContext | undefined, surrounding: SpanContext | undefined): Linked {
  if (creation === undefined || surrounding === undefined) return creation ?? surrounding;
  return [{ context: creation }, { context: surrounding }];
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
  const { name, type, peer, details } = description;
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
      peer,
      details,
      destination,
      attributes: description.attributes,
      own: mergeAttributes(sharedAttributes(incoming), { [ATTR_BATCH_MESSAGE_COUNT]: incoming.length }),
    },
    {
      kind: type === 'process' ? SpanKind.CONSUMER : SpanKind.CLIENT,
      parent,
      // Only for a span that is sampled, because they need the context of each message.
      links: () => linksTo(incoming, destination === undefined),
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
      peer: description.peer,
      details: description.details,
      type: 'receive',
      destination: incoming.destination,
      attributes: description.attributes,
      own: incoming.attributes,
    },
    {
      kind: SpanKind.CLIENT,
      parent,
      links: incoming.creation,
      startedAt,
      measurement,
    },
  );
  messaging.content?.pulled(operation, incoming.content ?? noContent);
  return operation;
}

/** Clocks of different machines differ: a message from the future has age 0, and its skew is recorded. */
function putMessageAge(operation: Operation, sentAt: number | undefined): void {
  if (sentAt === undefined || !Number.isFinite(sentAt)) return;
  const age = (Date.now() - sentAt) / 1000;
  operation.put(ATTR_MESSAGE_AGE, age < 0 ? 0 : age);
  if (age < 0) operation.put(ATTR_MESSAGE_CLOCK_SKEW, age);
}
