// Counts received and processed messages.
import type { Context } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { sharedDestination } from './batch.ts';
import type { Incoming } from './incoming.ts';
import type { Measurement } from './measurement.ts';
import { consumedMessages, type DeliveryFacts } from './measuring.ts';
import type { Messaging } from './messaging.ts';
import type { OperationClock } from './operation-clock.ts';
import type { Destination, OperationDescription } from './operation.ts';

/**
 * How a message whose processing starts is counted: `'delivered'` if it is passed to the application here, `'read'` if a command
 * read it and has counted it as consumed.
 */
export type Counting = 'delivered' | 'read';

/** What the messages of one source have in common. */
export interface MessageSource {
  readonly messaging: Messaging;
  readonly destination: Destination | undefined;
  /** Describes the operation that processes each of them. */
  readonly description: Omit<OperationDescription, 'type' | 'destination'>;
}

/** Stores when a message of a client was sent, in milliseconds since the epoch; NaN if unknown. */
export type ReadSentAt<M> = (message: M, into: Float64Array) => void;

/** Used for one message at a time: nothing else runs meanwhile. */
const sentAt = new Float64Array(1);

/** Counts and times the processing of one message. */
export function measureProcessing(
  messaging: Messaging,
  description: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  counting: Counting | undefined,
  facts: DeliveryFacts | undefined,
): Measurement | undefined {
  if (metricsEpoch() === 0) return undefined;
  const { name, attributes } = description;
  const measurement = messaging.measurer.start(name, 'process', incoming.destination, attributes);
  if (measurement === undefined || counting === undefined) return measurement;
  try {
    const attempt = facts === undefined ? incoming.attempt : facts.attempt;
    if (measureDelivery(measurement, counting, attempt, facts)) {
      readSentAt(incoming, sentAt);
      measurement.age(sentAt);
    }
    measurement.pipeline(messaging.pipelines?.ageOf(incoming.context));
  } catch (error) {
    reportFault('measuring a message', error);
  }
  return measurement;
}

/**
 * As {@link measureProcessing}, for a message that needs no object of its own.
 *
 * @param context - the context of the message.
 */
export function measureMessage<M>(
  { messaging, destination, description }: MessageSource,
  message: M,
  read: ReadSentAt<M>,
  context: Context,
  counting: Counting | undefined,
  facts: DeliveryFacts | undefined,
): Measurement | undefined {
  const { name, attributes } = description;
  const measurement = messaging.measurer.start(name, 'process', destination, attributes);
  if (measurement === undefined || counting === undefined) return measurement;
  try {
    if (measureDelivery(measurement, counting, facts?.attempt, facts)) {
      read(message, sentAt);
      measurement.age(sentAt);
    }
    measurement.pipeline(messaging.pipelines?.ageOf(context));
  } catch (error) {
    reportFault('measuring a message', error);
  }
  return measurement;
}

/** Counts the delivery of one message. Returns whether its age is known. */
function measureDelivery(
  measurement: Measurement,
  counting: Counting,
  attempt: number | undefined,
  facts: DeliveryFacts | undefined,
): boolean {
  measurement.enter(1);
  if (counting === 'delivered') measurement.count(consumedMessages, 1);
  if (attempt !== undefined) measurement.attempt(attempt);
  if (facts === undefined) return attempt === undefined || attempt <= 1;
  const { deadLettered, redelivered, scheduled } = facts;
  if (deadLettered) measurement.deadLettered();
  // For a redelivery it is unknown how much of the wait was intended.
  return !((attempt !== undefined && attempt > 1) || redelivered || (deadLettered && !scheduled));
}

function readSentAt(message: Pick<Incoming, 'sentAt' | 'readSentAt'>, into: Float64Array): void {
  if (message.readSentAt === undefined) into[0] = message.sentAt ?? Number.NaN;
  else message.readSentAt(into);
}

/** Counts and times an operation on several messages. */
export function measureBatch(
  messaging: Messaging,
  { name, type, attributes }: Omit<OperationDescription, 'destination'>,
  incoming: readonly Incoming[],
  parent: Context,
  startedAt: OperationClock | undefined,
): Measurement | undefined {
  if (metricsEpoch() === 0 || isTracingSuppressed(parent)) return undefined;
  const destination = sharedDestination(incoming);
  const measurement = messaging.measurer.startOnMessages(
    name,
    type,
    destination,
    attributes,
    consumedMessages,
    incoming,
    startedAt,
  );
  if (type !== 'process' || measurement === undefined) return measurement;
  try {
    measurement.enter(incoming.length);
    for (const message of incoming) {
      readSentAt(message, sentAt);
      measurement.age(sentAt);
      measurement.pipeline(messaging.pipelines?.ageOf(message.context));
    }
  } catch (error) {
    reportFault('measuring a batch', error);
  }
  return measurement;
}

/** As {@link measureBatch}, for messages of one source that are passed to a handler, if pipelines are off. */
export function measureMessages<M>(
  { messaging, destination, description }: MessageSource,
  messages: readonly M[],
  read: ReadSentAt<M>,
): Measurement | undefined {
  const { name, attributes } = description;
  const { length } = messages;
  const measurement = messaging.measurer.start(name, 'process', length === 0 ? undefined : destination, attributes);
  if (measurement === undefined) return undefined;
  try {
    measurement.count(consumedMessages, length);
    measurement.enter(length);
    for (const message of messages) {
      read(message, sentAt);
      measurement.age(sentAt);
    }
  } catch (error) {
    reportFault('measuring a batch', error);
  }
  return measurement;
}

/** Counts and times a pull of at most one message. */
export function measureReceiving(
  messaging: Messaging,
  { name, attributes }: Omit<OperationDescription, 'type' | 'destination'>,
  { destination }: Incoming,
  messages: number,
  parent: Context,
  startedAt: OperationClock | undefined,
): Measurement | undefined {
  if (metricsEpoch() === 0 || isTracingSuppressed(parent)) return undefined;
  const measurement = messaging.measurer.start(name, 'receive', destination, attributes, startedAt);
  measurement?.count(consumedMessages, messages);
  return measurement;
}
