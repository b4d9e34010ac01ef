// Counts and times operations, sampled or not. Nothing is computed while nobody reads the metrics.
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
  pipelineAge,
  sentMessages,
} from '../metrics/instruments.ts';
import { addTo, metricsEpoch, recordIn } from '../metrics/series.ts';
import type { OperationClock } from './operation-clock.ts';
import type { Destination } from './operation.ts';
import type { PipelineAge } from './pipeline-policy.ts';
import { type PreparedMetrics, PreparedOperations } from './prepared-metrics.ts';
import {
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_DESTINATION_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SYSTEM,
  type SemconvVersion,
  toVersion,
} from './semconv.ts';
import { timeOfDay } from './wall-clock.ts';

/** What the broker tells of a delivery. */
export interface DeliveryFacts {
  /** Which delivery of the message it is, from 1. */
  attempt?: number | undefined;
  /** Whether the message was delivered before, also where nothing tells how often. */
  redelivered?: boolean | undefined;
  /** Whether the message was dead-lettered on its way here. */
  deadLettered?: boolean | undefined;
  /** Whether that was how it was delayed, until a time that it tells. */
  scheduled?: boolean | undefined;
}

/** Measurements that have ended and are used again: one for each message would be one allocation for each. */
const free: Measurement[] = [];
const maxFree = 256;

/** One operation that is being counted and timed. It belongs to that operation alone, and is used again after its end. */
export class Measurement {
  #prepared: PreparedMetrics;
  #clock: OperationClock | undefined;
  /** Ticks at the start. A typed array, because a number in an object's field may be allocated anew each time it changes. */
  readonly #startedAt = new Float64Array(1);
  #counted: Definition | undefined;
  #messages = 0;
  #byDestination: Map<PreparedMetrics, number> | undefined;
  #inFlight = 0;

  private constructor(prepared: PreparedMetrics, clock: OperationClock | undefined) {
    this.#prepared = prepared;
    this.#clock = clock;
  }

  /** @param clock - for an operation that has begun before: when it did. */
  static start(prepared: PreparedMetrics, clock: OperationClock | undefined): Measurement {
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

  /** Has messages counted as sent or consumed when the operation ends. */
  count(definition: Definition, messages: number): void {
    this.#counted = definition;
    this.#messages = messages;
  }

  /** As {@link count}, for messages of several destinations. */
  countEach(definition: Definition, byDestination: Map<PreparedMetrics, number>): void {
    this.#counted = definition;
    this.#byDestination = byDestination;
  }

  /** Counts messages as being processed until the operation ends. */
  enter(messages: number): void {
    this.#inFlight = messages;
    addTo(this.#prepared.series(messagesInFlight), messages);
  }

  /** Records how old a message was at the start of the operation: a message from the future is of age 0. */
  age(sentAt: number | undefined): void {
    if (sentAt === undefined || !Number.isFinite(sentAt)) return;
    let ms = (this.#clock === undefined ? timeOfDay(this.#startedAt[0]!) : this.#clock.start) - sentAt;
    // It may as well be our time of day that is not exact.
    if (ms < 0) ms = Date.now() - sentAt;
    if (ms < 0) addTo(this.#prepared.series(clockSkew), 1);
    recordIn(this.#prepared.series(messageAge), messageAge.boundaries!, ms > 0 ? ms / 1000 : 0);
  }

  /** Records how long ago the pipeline of a message has started. */
  pipeline(age: PipelineAge | undefined): void {
    if (age === undefined) return;
    const series = age.name === undefined ? this.#prepared.series(pipelineAge) : this.#prepared.pipeline(age.name);
    recordIn(series, pipelineAge.boundaries!, age.seconds);
  }

  /** Records which delivery of its message this one is, from 1. */
  attempt(attempt: number): void {
    recordIn(this.#prepared.series(deliveryAttempts), deliveryAttempts.boundaries!, attempt);
  }

  /** Counts a message that was dead-lettered on its way. */
  deadLettered(): void {
    addTo(this.#prepared.series(messagesDeadLettered), 1);
  }

  /**
   * Records the operation, which has ended as its span has.
   *
   * @param errorType - undefined if it succeeded.
   */
  end(span: Span | undefined, errorType: string | undefined): void {
    try {
      const prepared = this.#prepared;
      // While nobody read, the series were forgotten.
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

  /** Ends without a record of the operation. */
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

  /** The duration of the span, where the span tells it: one operation has one duration. */
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
  readonly #operations: PreparedOperations;

  constructor(system: string, semconv: SemconvVersion) {
    this.#operations = new PreparedOperations(system, semconv);
  }

  /**
   * Begins to measure an operation; undefined while nobody reads the metrics. Never throws.
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
   * Begins to measure an operation on messages that are counted when it ends, by destination if they have different ones.
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
      const byDestination = new Map<PreparedMetrics, number>();
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
 * What tells the lag of one destination from that of another.
 *
 * @param known - of which the group and the server count.
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
