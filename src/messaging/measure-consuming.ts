// What metrics count of messages that are received and processed.
import type { Context } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { sharedDestination } from './batch.ts';
import type { Incoming } from './incoming.ts';
import { consumedMessages, type DeliveryFacts, type Measurement } from './measuring.ts';
import type { Messaging } from './messaging.ts';
import type { OperationDescription } from './operation.ts';
import type { OperationClock } from './operation-clock.ts';

/** What metrics count of a message whose processing starts. */
export interface Counting {
  /** Whether the message is handed to the application here. Where it was read by a command, that command has counted it. */
  readonly consumed: boolean;
  /** What the broker tells of the delivery. */
  readonly facts?: (() => DeliveryFacts) | undefined;
}

/** @internal */
export function measureProcessing(
  messaging: Messaging,
  { name, attributes }: Omit<OperationDescription, 'type' | 'destination'>,
  incoming: Incoming,
  counting: Counting | undefined,
): Measurement | undefined {
  if (metricsEpoch() === 0) return undefined;
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

/** @internal */
export function measureBatch(
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

/** @internal */
export function measureReceiving(
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
