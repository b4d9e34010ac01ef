// Counts and times operations, sampled or not. Nothing is computed without a metrics reader.
import { performance } from 'node:perf_hooks';
import type { Attributes, Span } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import {
  clockSkew,
  consumedMessages,
  type Definition,
  deliveryAttempts,
  messageAge,
  messagesDeadLettered,
  messagesInFlight,
  messagesReturned,
  pipelineAge,
  sentMessages,
} from '../metrics/instruments.ts';
import { addTo, metricsEpoch, recordIn } from '../metrics/series.ts';
import type { OperationClock } from './operation-clock.ts';
import type { Destination } from './operation.ts';
import type { PipelineAge } from './pipeline-policy.ts';
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
import { wallClockTime } from './wall-clock.ts';

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

/** Ended measurements for reuse, to avoid an allocation per message. */
const free: Measurement[] = [];
const maxFree = 256;

/** The measurement of one operation. It is reused after the operation has ended. */
export class Measurement {
  #prepared: OperationSeries;
  #clock: OperationClock | undefined;
  /** The monotonic time at the start. A typed array, because changing a number in an object's field may allocate memory. */
  readonly #startedAt = new Float64Array(1);
  #counted: Definition | undefined;
  #messages = 0;
  #byDestination: Map<OperationSeries, number> | undefined;
  #inFlight = 0;

  private constructor(prepared: OperationSeries, clock: OperationClock | undefined) {
    this.#prepared = prepared;
    this.#clock = clock;
  }

  /** @param clock - for an operation that has begun before: when it did. */
  static start(prepared: OperationSeries, clock: OperationClock | undefined): Measurement {
    let measurement = free.pop();
    if (measurement === undefined) {
      measurement = new Measurement(prepared, clock);
    } else {
      measurement.#prepared = prepared;
      measurement.#clock = clock;
    }
    if (clock === undefined) measurement.#startedAt[0] = performance.now();
    return measurement;
  }

  /** Counts messages as sent or consumed when the operation ends. */
  count(definition: Definition, messages: number): void {
    this.#counted = definition;
    this.#messages = messages;
  }

  /** As {@link count}, for messages of several destinations. */
  countEach(definition: Definition, byDestination: Map<OperationSeries, number>): void {
    this.#counted = definition;
    this.#byDestination = byDestination;
  }

  /** Counts messages as being processed until the operation ends. */
  enter(messages: number): void {
    this.#inFlight = messages;
    addTo(this.#prepared.series(messagesInFlight), messages);
  }

  /** Records the age of a message at the start of the operation: a message from the future has age 0. */
  age(sentAt: number | undefined): void {
    if (sentAt === undefined || !Number.isFinite(sentAt)) return;
    let ms = (this.#clock === undefined ? wallClockTime(this.#startedAt[0]!) : this.#clock.start) - sentAt;
    // The inexact clock may also be the local one.
    if (ms < 0) ms = Date.now() - sentAt;
    if (ms < 0) addTo(this.#prepared.series(clockSkew), 1);
    recordIn(this.#prepared.series(messageAge), messageAge.boundaries!, ms > 0 ? ms / 1000 : 0);
  }

  /** Records the time since the start of a message's pipeline. */
  pipeline(age: PipelineAge | undefined): void {
    if (age === undefined) return;
    const series = age.name === undefined ? this.#prepared.series(pipelineAge) : this.#prepared.pipeline(age.name);
    recordIn(series, pipelineAge.boundaries!, age.seconds);
  }

  /** Records the number of the delivery, counted from 1. */
  attempt(attempt: number): void {
    recordIn(this.#prepared.series(deliveryAttempts), deliveryAttempts.boundaries!, attempt);
  }

  /** Counts a message that the broker returned; its send is measured by another measurement. */
  returned(): void {
    addTo(this.#prepared.series(messagesReturned), 1);
  }

  /** Counts a message that was dead-lettered before. */
  deadLettered(): void {
    addTo(this.#prepared.series(messagesDeadLettered), 1);
  }

  /**
   * Records the operation, which has ended together with its span.
   *
   * @param errorType - undefined if it succeeded.
   */
  end(span: Span | undefined, errorType: string | undefined): void {
    try {
      const prepared = this.#prepared;
      // Without a reader, the series were discarded.
      if (prepared.epoch !== metricsEpoch()) return;
      prepared.record(this.#seconds(span), errorType);
      if (this.#counted === undefined) return;
      if (this.#byDestination === undefined) {
        if (this.#messages > 0) addTo(prepared.series(this.#counted, errorType), this.#messages);
        return;
      }
      for (const [each, messages] of this.#byDestination) addTo(each.series(this.#counted, errorType), messages);
    } catch (error) {
      reportFault('recording metrics', error);
    } finally {
      this.leave();
    }
  }

  /** Ends the measurement without recording the operation. */
  leave(): void {
    if (this.#inFlight > 0 && this.#prepared.epoch === metricsEpoch()) {
      addTo(this.#prepared.series(messagesInFlight), -this.#inFlight);
    }
    this.#clock = undefined;
    this.#counted = undefined;
    this.#messages = 0;
    this.#byDestination = undefined;
    this.#inFlight = 0;
    if (free.length < maxFree) free.push(this);
  }

  /** The duration of the span, if available, so that span and metric have the same duration. */
  #seconds(span: Span | undefined): number {
    const duration = span === undefined ? undefined : (span as { duration?: unknown }).duration;
    if (Array.isArray(duration)) {
      const [seconds, nanos] = duration as [number, number];
      const total = seconds + nanos / 1e9;
      if (total >= 0 && total < Infinity) return total;
    }
    const ms = this.#clock === undefined ? performance.now() - this.#startedAt[0]! : this.#clock.elapsed;
    return ms > 0 ? ms / 1000 : 0;
  }
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
