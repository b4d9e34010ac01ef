// Starts the operations of a producer: sending one message or several.
import { type Attributes, type Context, type Link, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { reportFault } from '../common/faults.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import type { Measurement } from './measurement.ts';
import { sentMessages } from './measuring.ts';
import { CreateSpans, ownAttributes } from './creating.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import {
  type Destination,
  mergeAttributes,
  noOperation,
  type Operation,
  type OperationDescription,
  type OperationStart,
} from './operation.ts';
import { startOperation, startPrepared } from './start-operation.ts';
import { messageLink, sharedAttributes, sharedDestination } from './batch.ts';
import { ATTR_BATCH_MESSAGE_COUNT } from './semconv.ts';

/** One message of a send. */
export interface Outgoing<H> {
  destination: Destination;
  headers: H | null | undefined;
  /** The attributes of this message: set on its span, or in a batch on its create span and its link. */
  attributes?: Attributes | undefined;
  /** The application's own, for options that look into messages. */
  body?: unknown;
  key?: unknown;
  /** A message whose headers cannot be written; it is sent unchanged, and counts in its batch. */
  readOnlyHeaders?: boolean;
}

/** A running send operation. */
export interface Sending<H> {
  operation: Operation;
  /** The headers to send for each message, in order; undefined if the message must not be changed. */
  headers: (H | undefined)[];
}

/**
 * Starts a send.
 *
 * For one message there is one PRODUCER span, whose context is sent. For several there is a PRODUCER `create` span each, whose
 * contexts are sent, and a CLIENT span that links them all; without create spans, one PRODUCER span, whose context all carry. For a
 * kept creation context there is no create span; the send links it, and is CLIENT if all are kept.
 *
 * @param description - name and attributes of the whole send; its destination is derived from the messages.
 * @param parent - the context in which the application sends.
 */
export function startSending<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  messages: readonly Outgoing<H>[],
  parent: Context,
): Sending<H> {
  let measurement: Measurement | undefined;
  try {
    if (isTracingSuppressed(parent) || messages.length === 0) return untouched(messages, parent);
    measurement = measureSend(messaging, description, messages);
    return messaging.startsTrace === undefined
      ? startMeasured(messaging, adapter, description, messages, parent, measurement)
      : startNewTrace(messaging, adapter, description, messages, parent, measurement);
  } catch (error) {
    reportFault('tracing a send', error);
    return untouched(messages, parent, measurement);
  }
}

/** A client's description of a send; `links` are for each of its spans. */
type SendDescription = Omit<OperationDescription, 'type' | 'destination'> & { readonly links?: readonly Link[] };

/** As {@link startMeasured}, but in a new trace that links the active span, if the `newTrace` option selects all messages. */
function startNewTrace<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  description: SendDescription,
  messages: readonly Outgoing<H>[],
  parent: Context,
  measurement: Measurement | undefined,
): Sending<H> {
  const active = validSpanContext(parent);
  const isSelected =
    active !== undefined && messages.every(({ destination }) => messaging.startsTrace?.(destination.name));
  if (!isSelected) return startMeasured(messaging, adapter, description, messages, parent, measurement);
  const alone = trace.deleteSpan(parent);
  const detached = messaging.pipelines?.keep(parent, alone) ?? alone;
  const linked = Object.assign({}, description, { links: [{ context: active }] });
  return startMeasured(messaging, adapter, linked, messages, detached, measurement);
}

function startMeasured<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  description: SendDescription,
  messages: readonly Outgoing<H>[],
  parent: Context,
  measurement: Measurement | undefined,
): Sending<H> {
  const kept = messaging.keepsExisting
    ? messages.map((message) => (message.readOnlyHeaders ? undefined : messaging.existing(adapter, message.headers)))
    : undefined;
  // If no span would be sampled, none is described: only the context is propagated.
  if (messaging.isCertainlyUnsampled(parent)) {
    const headers = headersWith(messaging, adapter, messages, kept, parent);
    return { operation: noOperation(parent, measurement), headers };
  }
  const [only] = messages;
  if (messages.length === 1 && only !== undefined && kept?.[0] === undefined) {
    return sendOne(messaging, adapter, description, only, parent, measurement);
  }
  const areAllKept = kept?.every((existing) => existing !== undefined) === true;
  const send = messaging.createSpans || areAllKept ? sendMany : sendTogether;
  return send(messaging, adapter, description, messages, kept, parent, measurement);
}

/** Counts and times a send, by the common attributes of its messages. */
export function measureSend(
  messaging: Messaging,
  { name, attributes }: Omit<OperationDescription, 'type' | 'destination'>,
  messages: readonly { readonly destination: Destination }[],
): Measurement | undefined {
  if (metricsEpoch() === 0) return undefined;
  const destination = sharedDestination(messages);
  return messaging.measurer.startOnMessages(name, 'send', destination, attributes, sentMessages, messages);
}

function untouched<H>(messages: readonly Outgoing<H>[], parent: Context, measurement?: Measurement): Sending<H> {
  return { operation: noOperation(parent, measurement), headers: messages.map(() => undefined) };
}

/** The headers of messages that all carry the same context, except those that keep their own. */
function headersWith<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  messages: readonly Outgoing<H>[],
  kept: readonly (SpanContext | undefined)[] | undefined,
  context: Context,
): (H | undefined)[] {
  const headers: (H | undefined)[] = [];
  const carried = messaging.carried(context);
  for (let at = 0; at < messages.length; at++) {
    const { readOnlyHeaders, headers: given, destination } = messages[at]!;
    if (readOnlyHeaders || kept?.[at] !== undefined) headers.push(undefined);
    else if (carried !== undefined) headers.push(carried.write(adapter, given));
    else headers.push(messaging.inject(adapter, given, context, destination.name));
  }
  return headers;
}

function sendOne<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  description: SendDescription,
  message: Outgoing<H>,
  parent: Context,
  measurement: Measurement | undefined,
): Sending<H> {
  const { destination } = message;
  const operation = messaging.ignores(destination)
    ? noOperation(parent, measurement)
    : startOne(messaging, description, destination, ownAttributes(messaging, message, parent), parent, measurement);
  messaging.content?.sent(operation, destination, message);
  return {
    operation,
    headers: [
      message.readOnlyHeaders
        ? undefined
        : messaging.inject(adapter, message.headers, operation.context, destination.name),
    ],
  };
}

/** As `startOperation`, without an object for its arguments, which would be created for each message. */
function startOne(
  messaging: Messaging,
  description: SendDescription,
  destination: Destination,
  own: Attributes | undefined,
  parent: Context,
  measurement: Measurement | undefined,
): Operation {
  try {
    const prepared = messaging.operations.find('send', description, destination, SpanKind.PRODUCER);
    const links = description.links?.slice();
    const operation = startPrepared(messaging, prepared, own, links, parent, undefined, measurement);
    if (description.details !== undefined) operation.set(description.details);
    return operation;
  } catch (error) {
    reportFault('starting an operation', error);
    return noOperation(parent, measurement);
  }
}

/** Sends several messages with one span, whose context they all carry. */
function sendTogether<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  description: SendDescription,
  messages: readonly Outgoing<H>[],
  kept: readonly (SpanContext | undefined)[] | undefined,
  parent: Context,
  measurement: Measurement | undefined,
): Sending<H> {
  const links: Link[] = description.links?.slice() ?? [];
  const destination = sharedDestination(messages);
  for (const [at, message] of messages.entries()) {
    const existing = kept?.[at];
    if (existing !== undefined) links.push(messageLink(existing, message, destination === undefined));
  }
  const start = { kind: SpanKind.PRODUCER, parent, links, measurement };
  const operation = startSend(messaging, description, messages, destination, start);
  for (const message of messages) messaging.content?.sentTogether(operation, message.destination, message);
  return { operation, headers: headersWith(messaging, adapter, messages, kept, operation.context) };
}

function sendMany<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  description: SendDescription,
  messages: readonly Outgoing<H>[],
  kept: readonly (SpanContext | undefined)[] | undefined,
  parent: Context,
  measurement: Measurement | undefined,
): Sending<H> {
  const links: Link[] = description.links?.slice() ?? [];
  const destination = sharedDestination(messages);
  const creating = new CreateSpans(messaging, adapter, description.attributes, parent, description.links);
  const headers: (H | undefined)[] = [];
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at]!;
    const existing = kept?.[at];
    headers.push(existing === undefined ? creating.create(message) : undefined);
    const linked = existing ?? creating.created;
    if (linked !== undefined) links.push(messageLink(linked, message, destination === undefined));
  }
  const start = { kind: SpanKind.CLIENT, parent, links, measurement };
  const operation = startSend(messaging, description, messages, destination, start);
  return { operation, headers };
}

/** Starts the span of the whole send. */
function startSend<H>(
  messaging: Messaging,
  { name, details, attributes, peer }: Omit<OperationDescription, 'type' | 'destination'>,
  messages: readonly Outgoing<H>[],
  destination: Destination | undefined,
  start: OperationStart,
): Operation {
  if (destination === undefined && messaging.ignoresAll(messages)) return noOperation(start.parent, start.measurement);
  const count = messages.length > 1 ? { [ATTR_BATCH_MESSAGE_COUNT]: messages.length } : undefined;
  return startOperation(
    messaging,
    {
      name,
      details,
      type: 'send',
      destination,
      attributes,
      peer,
      own: mergeAttributes(sharedAttributes(messages), count),
    },
    start,
  );
}
