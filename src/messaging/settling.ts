// Starts the settlement of received messages.
import { type Context, type Link, SpanKind } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import type { Linked } from '../common/prepared-span.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { linksTo, sharedDestination } from './batch.ts';
import type { Settled } from './incoming.ts';
import type { Measurement } from './measurement.ts';
import type { Messaging } from './messaging.ts';
import { noOperation, type Operation, type OperationDescription } from './operation.ts';
import { startPrepared } from './start-operation.ts';

/**
 * Starts a settlement (ack, nack, reject, commit, XACK): a CLIENT span that links the creation contexts of what it settles.
 *
 * @param parent - the context of the process operation of the settled message, else the active one.
 */
export function startSettling(
  messaging: Messaging,
  description: SettleDescription,
  settled: readonly Settled[],
  parent: Context,
): Operation {
  const measurement = measureSettling(messaging, description, parent);
  if (!messaging.recordsSettlement(parent) || messaging.ignoresAll(settled)) return noOperation(parent, measurement);
  const several = settled.length > 1;
  const links = several
    ? (): Link[] => linksTo(settled, sharedDestination(settled) === undefined)
    : settled[0]?.creation;
  return startSettlement(messaging, description, links, parent, measurement);
}

/**
 * As {@link startSettling}, for messages of the destination in the description, with links that are only needed if the settlement is
 * sampled.
 */
export function startSettlingLinked(
  messaging: Messaging,
  description: SettleDescription,
  links: () => Link[],
  parent: Context,
): Operation {
  const measurement = measureSettling(messaging, description, parent);
  if (!messaging.recordsSettlement(parent)) return noOperation(parent, measurement);
  return startSettlement(messaging, description, links, parent, measurement);
}

/** As {@link startSettling}, for at most one message. */
export function startSettlingOne(
  messaging: Messaging,
  description: SettleDescription,
  settled: Settled | undefined,
  parent: Context,
): Operation {
  const measurement = measureSettling(messaging, description, parent);
  const isIgnored = settled !== undefined && messaging.ignores(settled.destination);
  if (isIgnored || !messaging.recordsSettlement(parent)) return noOperation(parent, measurement);
  return startSettlement(messaging, description, settled?.creation, parent, measurement);
}

/** A client's description of a settlement. */
export type SettleDescription = Omit<OperationDescription, 'type'>;

function measureSettling(
  messaging: Messaging,
  { name, destination, attributes }: SettleDescription,
  parent: Context,
): Measurement | undefined {
  if (metricsEpoch() === 0 || isTracingSuppressed(parent)) return undefined;
  return messaging.measurer.start(name, 'settle', destination, attributes);
}

function startSettlement(
  messaging: Messaging,
  description: SettleDescription,
  linked: Linked,
  parent: Context,
  measurement: Measurement | undefined,
): Operation {
  const { destination, withoutDestination, own, details } = description;
  try {
    if (messaging.ignores(destination)) return noOperation(parent, measurement);
    const prepared = messaging.operations.find('settle', description, destination, SpanKind.CLIENT, withoutDestination);
    const operation = startPrepared(messaging, prepared, own, linked, parent, undefined, measurement);
    if (details !== undefined) operation.set(details);
    return operation;
  } catch (error) {
    reportFault('starting an operation', error);
    return noOperation(parent, measurement);
  }
}
