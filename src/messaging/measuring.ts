// Counts and times operations, sampled or not. Nothing is computed without a metrics reader.
import type { Attributes } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { consumedMessages, type Definition, sentMessages } from '../metrics/instruments.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { Measurement } from './measurement.ts';
import type { OperationClock } from './operation-clock.ts';
import type { Destination } from './operation.ts';
import { type OperationSeries, OperationSeriesCache } from './operation-series.ts';
import {
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_DESTINATION_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SYSTEM,
  type SemconvVersion,
  toVersion,
} from './semconv.ts';

/** The broker's information about a delivery. */
export interface DeliveryFacts {
  /** The number of the delivery, counted from 1. */
  attempt?: number | undefined;
  /** Whether the message was delivered before, even if the count is unknown. */
  redelivered?: boolean | undefined;
  /** Whether the message was dead-lettered before. */
  deadLettered?: boolean | undefined;
  /** Whether dead-lettering was its delay, until a given time. */
  scheduled?: boolean | undefined;
}

/** Measures the operations of one client. */
export class Measurer {
  readonly #operations: OperationSeriesCache;

  constructor(system: string, semconv: SemconvVersion) {
    this.#operations = new OperationSeriesCache(system, semconv);
  }

  /**
   * Starts to measure an operation; undefined without a metrics reader. Never throws.
   *
   * @param clock - for an operation that has begun before: when it did.
   */
  start(
    name: string,
    type: string,
    destination: Destination | undefined,
    attributes: Attributes | undefined,
    clock?: OperationClock,
  ): Measurement | undefined {
    if (metricsEpoch() === 0) return undefined;
    try {
      return Measurement.start(this.#operations.find(name, type, destination, attributes), clock);
    } catch (error) {
      reportFault('preparing metrics', error);
      return undefined;
    }
  }

  /**
   * Starts to measure an operation whose messages are counted when it ends, by destination if they differ.
   *
   * @param destination - of all messages.
   */
  startOnMessages(
    name: string,
    type: string,
    destination: Destination | undefined,
    attributes: Attributes | undefined,
    counted: Definition,
    messages: readonly { readonly destination: Destination | undefined }[],
    clock?: OperationClock,
  ): Measurement | undefined {
    const measurement = this.start(name, type, destination, attributes, clock);
    if (measurement === undefined) return undefined;
    try {
      if (destination !== undefined || messages.length === 0) {
        measurement.count(counted, messages.length);
        return measurement;
      }
      const byDestination = new Map<OperationSeries, number>();
      for (const message of messages) {
        const prepared = this.#operations.find(name, type, message.destination, attributes);
        byDestination.set(prepared, (byDestination.get(prepared) ?? 0) + 1);
      }
      measurement.countEach(counted, byDestination);
    } catch (error) {
      reportFault('preparing metrics', error);
    }
    return measurement;
  }
}

/**
 * The attributes that identify the lag of one destination.
 *
 * @param known - known attributes, of which the group and the server are used.
 */
export function lagAttributes({ system, semconv }: Lagging, destination: string, known: Attributes): Attributes {
  const attributes: Attributes = { [ATTR_SYSTEM]: system, [ATTR_DESTINATION_NAME]: destination };
  for (const name of [ATTR_CONSUMER_GROUP_NAME, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT]) {
    if (known[name] !== undefined) attributes[name] = known[name];
  }
  return toVersion(attributes, semconv);
}

interface Lagging {
  readonly system: string;
  readonly semconv: SemconvVersion;
}

/** @internal */
export { consumedMessages, sentMessages };
