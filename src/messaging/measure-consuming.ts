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
import type { OperationDescription } from './operation.ts';

/**
 * How a message whose processing starts is counted: `'delivered'` if it is passed to the application here, `'read'` if a command
 * read it and has counted it as consumed.
 */
export type Counting = 'delivered' | 'read';

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
    measurement.enter(1);
    if (counting === 'delivered') measurement.count(consumedMessages, 1);
    const attempt = facts === undefined ? incoming.attempt : facts.attempt;
    if (attempt !== undefined) measurement.attempt(attempt);
    if (facts?.deadLettered) measurement.deadLettered();
    // For a redelivery it is unknown how much of the wait was intended.
    const isLater =
      (attempt !== undefined && attempt > 1) || facts?.redelivered || (facts?.deadLettered && !facts.scheduled);
    if (!isLater) measurement.age(incoming);
    measurement.pipeline(messaging.pipelines?.ageOf(incoming.context));
  } catch (error) {
    reportFault('measuring a message', error);
  }
  return measurement;
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
      measurement.age(message);
      measurement.pipeline(messaging.pipelines?.ageOf(message.context));
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
