// Receiving, processing and settling messages.
import { type Attributes, type Context, type Link, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { Incoming } from './incoming.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import {
  mergeAttributes,
  noOperation,
  type Operation,
  type OperationDescription,
  startOperation,
} from './operation.ts';
import { messageLink, sharedAttributes, sharedDestination } from './batch.ts';
import { ATTR_BATCH_MESSAGE_COUNT, ATTR_MESSAGE_AGE } from './semconv.ts';
import type { OperationClock } from './operation-clock.ts';

/**
 * Starts the processing of one message: a CONSUMER span that links the message's creation context and, by the `parenting` option,
 * is its child; without a valid creation context, a new trace. Its context holds the message's baggage, and nothing of what was
 * active when the consumer was started.
 *
 * @param ambient - the context whose span surrounds the processing, as that of a batch; the root context for none.
 */
export function startProcessing(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  ambient: Context = ROOT_CONTEXT,
): Operation {
  if (isTracingSuppressed(ambient)) return noOperation(ambient);
  const surrounding = validSpanContext(ambient);
  const parenting = messaging.parenting(incoming.destination?.name);
  const linkOnly = incoming.linkOnly || parenting === 'link' || (parenting === 'auto' && surrounding !== undefined);
  const links: Link[] = incoming.creation === undefined ? [] : [{ context: incoming.creation }];
  let parent = incoming.context;
  if (linkOnly) {
    const detached = trace.deleteSpan(incoming.context);
    parent = surrounding === undefined ? detached : trace.setSpanContext(detached, surrounding);
  } else if (surrounding !== undefined) {
    links.push({ context: surrounding });
  }
  if (messaging.isCertainlyUnsampled(parent)) return noOperation(parent);
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
      details: () => mergeAttributes(description.details?.(), messageAge(incoming.sentAt)),
    },
    { kind: SpanKind.CONSUMER, parent, links },
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
  if (messaging.shouldSkip(parent)) return noOperation(parent);
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
    },
  );
}

/**
 * Starts a pull that gave at most one message: a CLIENT span that links it.
 *
 * @param parent - the context in which the application asked.
 */
export function startReceiving(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  parent: Context,
  startedAt?: OperationClock,
): Operation {
  if (messaging.shouldSkip(parent)) return noOperation(parent);
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
  if (!messaging.recordsSettlement(parent)) return noOperation(parent);
  const { name, destination, withoutDestination, attributes, details } = description;
  return startOperation(
    messaging,
    { name, type: 'settle', destination, withoutDestination, attributes, details },
    {
      kind: SpanKind.CLIENT,
      parent,
      links: linksTo(settled, sharedDestination(settled) === undefined, settled.length > 1),
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

/** Clocks of different machines differ: a message from the future is of age 0. */
function messageAge(sentAt: number | undefined): Attributes {
  if (sentAt === undefined || !Number.isFinite(sentAt)) return {};
  return { [ATTR_MESSAGE_AGE]: Math.max(0, Date.now() - sentAt) / 1000 };
}
