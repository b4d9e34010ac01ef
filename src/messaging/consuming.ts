// Receiving, processing and settling messages.
import { type Attributes, type Context, type Link, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { Incoming } from './incoming.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { reportFault } from '../common/faults.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { consumedMessages, type DeliveryFacts, type Measurement } from './measuring.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import {
  mergeAttributes,
  noOperation,
  type Operation,
  type OperationDescription,
  startOperation,
} from './operation.ts';
import { messageLink, sharedAttributes, sharedDestination } from './batch.ts';
import { ATTR_BATCH_MESSAGE_COUNT, ATTR_MESSAGE_AGE, ATTR_MESSAGE_CLOCK_SKEW } from './semconv.ts';
import type { OperationClock } from './operation-clock.ts';

/**
 * Starts the processing of one message: a CONSUMER span that links the message's creation context and, by the `parenting` option,
 * is its child; without a valid creation context, a new trace. Its context holds the message's baggage, and nothing of what was
 * active when the consumer was started.
 *
 * @param ambient - the context whose span surrounds the processing, as that of a batch; the root context for none.
 * @param counting - what metrics count here of the message; default: nothing of it, only the time.
 */
export function startProcessing(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  ambient: Context = ROOT_CONTEXT,
  counting?: Counting,
): Operation {
  if (isTracingSuppressed(ambient)) return noOperation(ambient);
  const measurement = measureProcessing(messaging, description, incoming, counting);
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
  const surrounding = validSpanContext(ambient);
  const parenting = messaging.parenting(incoming.destination?.name);
  const linkOnly = incoming.linkOnly || parenting === 'link' || (parenting === 'auto' && surrounding !== undefined);
  const links: Link[] = incoming.creation === undefined ? [] : [{ context: incoming.creation }];
  let parent = incoming.context;
  if (linkOnly) {
    const alone = trace.deleteSpan(incoming.context);
    const detached = messaging.pipelines?.keep(incoming.context, alone) ?? alone;
    parent = surrounding === undefined ? detached : trace.setSpanContext(detached, surrounding);
  } else if (surrounding !== undefined) {
    links.push({ context: surrounding });
  }
  if (messaging.isCertainlyUnsampled(parent)) return noOperation(parent, measurement);
  const { destination } = incoming;
  return startOperation(
    messaging,
    {
      name: description.name,
      type: 'process',
      destination,
      attributes: mergeAttributes(
        description.attributes,
        incoming.attributes,
        messaging.baggageAttributes('receive', incoming.context, destination?.name),
      ),
      details: () =>
        mergeAttributes(
          description.details?.(),
          messageAge(incoming.sentAt),
          messaging.pipelines?.attributes(incoming.context),
        ),
    },
    { kind: SpanKind.CONSUMER, parent, links, measurement },
  );
}

/**
 * Starts an operation on several messages at once: one span that links each message's creation context. No message's baggage is
 * active in it.
 *
 * @param description - `type` is `'process'` where the client pushes the batch to a handler (CONSUMER), `'receive'` where the
 *   application pulls (CLIENT).
 * @param parent - default: the root context, as for handlers. For a pull: the context in which the application asked.
 * @param startedAt - when a pull was begun, for one that is traced only once there are messages.
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
  if (messaging.shouldSkip(parent)) return noOperation(parent, measurement);
  const { name, type, details } = description;
  const destination = sharedDestination(incoming);
  return startOperation(
    messaging,
    {
      name,
      type,
      details,
      destination,
      attributes: mergeAttributes(sharedAttributes(incoming), description.attributes, {
        [ATTR_BATCH_MESSAGE_COUNT]: incoming.length,
      }),
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
 * Starts a pull that gave at most one message: a CLIENT span that links it.
 *
 * @param parent - the context in which the application asked.
 * @param messages - how many it gave: none where it failed.
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
  if (messaging.shouldSkip(parent)) return noOperation(parent, measurement);
  return startOperation(
    messaging,
    {
      name: description.name,
      details: description.details,
      type: 'receive',
      destination: incoming.destination,
      attributes: mergeAttributes(description.attributes, incoming.attributes),
    },
    {
      kind: SpanKind.CLIENT,
      parent,
      links: incoming.creation === undefined ? [] : [{ context: incoming.creation }],
      startedAt,
      measurement,
    },
  );
}

/**
 * Starts a settlement (ack, nack, reject, commit, XACK): a CLIENT span that links the creation contexts of what it settles.
 *
 * @param parent - the context of the process operation that is being settled, else the active one.
 */
export function startSettling(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type'>,
  settled: readonly Incoming[],
  parent: Context,
): Operation {
  const { name, destination, withoutDestination, attributes, details } = description;
  const measurement = isTracingSuppressed(parent)
    ? undefined
    : messaging.measurer.start({ name, type: 'settle', destination, attributes });
  if (!messaging.recordsSettlement(parent)) return noOperation(parent, measurement);
  return startOperation(
    messaging,
    { name, type: 'settle', destination, withoutDestination, attributes, details },
    {
      kind: SpanKind.CLIENT,
      parent,
      links: linksTo(settled, sharedDestination(settled) === undefined, settled.length > 1),
      measurement,
    },
  );
}

/** A message without a creation context has nothing to link; the count of messages still includes it. */
function linksTo(incoming: readonly Incoming[], withDestination: boolean, withAttributes = true): Link[] {
  const links: Link[] = [];
  for (const message of incoming) {
    const { creation } = message;
    if (creation === undefined) continue;
    links.push(withAttributes ? messageLink(creation, message, withDestination) : { context: creation });
  }
  return links;
}

/** What metrics count of a message whose processing starts. */
export interface Counting {
  /** Whether the message is handed to the application here. Where it was read by a command, that command has counted it. */
  readonly consumed: boolean;
  /** What the broker tells of the delivery. */
  readonly facts?: (() => DeliveryFacts) | undefined;
}

function measureProcessing(
  messaging: Messaging,
  { name, attributes }: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  counting: Counting | undefined,
): Measurement | undefined {
  const measurement = messaging.measurer.start({
    name,
    type: 'process',
    destination: incoming.destination,
    attributes,
  });
  if (measurement === undefined || counting === undefined) return measurement;
  try {
    measurement.enter(1);
    if (counting.consumed) measurement.count(consumedMessages, 1);
    const facts = counting.facts?.() ?? {};
    measurement.facts(facts);
    // Of a delivery after others, nothing tells how long the message was meant to wait for it.
    const isFirst = !facts.redelivered && !facts.deadLettered && (facts.attempt ?? 1) <= 1;
    if (isFirst) measurement.age(incoming.sentAt);
    measurement.pipeline(messaging.pipelines?.ageOf(incoming.context));
  } catch (error) {
    reportFault('measuring a message', error);
  }
  return measurement;
}

function measureBatch(
  messaging: Messaging,
  { name, type, attributes }: Omit<OperationDescription, 'destination'>,
  incoming: readonly Incoming[],
  parent: Context,
  startedAt: OperationClock | undefined,
): Measurement | undefined {
  if (metricsEpoch() === 0 || isTracingSuppressed(parent)) return undefined;
  const destination = sharedDestination(incoming);
  const described = { name, type, destination, attributes };
  const measurement = messaging.measurer.startOnMessages(described, consumedMessages, incoming, startedAt);
  if (type !== 'process' || measurement === undefined) return measurement;
  try {
    measurement.enter(incoming.length);
    for (const message of incoming) {
      measurement.age(message.sentAt);
      measurement.pipeline(messaging.pipelines?.ageOf(message.context));
    }
  } catch (error) {
    reportFault('measuring a batch', error);
  }
  return measurement;
}

function measureReceiving(
  messaging: Messaging,
  { name, attributes }: Omit<OperationDescription, 'type' | 'destination'>,
  { destination }: Incoming,
  messages: number,
  parent: Context,
  startedAt: OperationClock | undefined,
): Measurement | undefined {
  if (metricsEpoch() === 0 || isTracingSuppressed(parent)) return undefined;
  const measurement = messaging.measurer.start({ name, type: 'receive', destination, attributes }, startedAt);
  measurement?.count(consumedMessages, messages);
  return measurement;
}

/** Clocks of different machines differ: a message from the future is of age 0, and says by how much. */
function messageAge(sentAt: number | undefined): Attributes {
  if (sentAt === undefined || !Number.isFinite(sentAt)) return {};
  const age = (Date.now() - sentAt) / 1000;
  return age < 0 ? { [ATTR_MESSAGE_AGE]: 0, [ATTR_MESSAGE_CLOCK_SKEW]: age } : { [ATTR_MESSAGE_AGE]: age };
}
