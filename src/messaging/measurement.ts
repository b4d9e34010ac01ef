// Implements the measurement of one operation: its duration, its messages and their ages.
import type { Span } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import {
  clockSkew,
  type Definition,
  deliveryAttempts,
  messageAge,
  messagesDeadLettered,
  messagesInFlight,
  messagesReturned,
  pipelineAge,
} from '../metrics/instruments.ts';
import { addTo, metricsEpoch, recordFrom, recordIn } from '../metrics/series.ts';
import type { OperationClock } from './operation-clock.ts';
import type { OperationSeries } from './operation-series.ts';
import type { PipelineAge } from './pipeline-policy.ts';
import { readTicks } from './ticks.ts';
import { readWallClock } from './wall-clock.ts';

/**
 * The number in use by a function. In a typed array, because V8 may allocate memory for a number that is passed to a function,
 * returned, or stored in an object.
 */
const measured = new Float64Array(1);

/** Ended measurements for reuse, to avoid an allocation per message. */
const free: Measurement[] = [];
const maxFree = 256;

/** The measurement of one operation. It is reused after the operation has ended. */
export class Measurement {
  #prepared: OperationSeries;
  #clock: OperationClock | undefined;
  /** The monotonic time at the start and at the end. */
  readonly #ticks = new Float64Array(2);
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
    if (clock === undefined) readTicks(measurement.#ticks, 0);
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

  /**
   * Records the age of a message at the start of the operation: a message from the future has age 0.
   *
   * @param sentAt - when it was sent, in milliseconds since the epoch; NaN if unknown.
   */
  age(sentAt: Float64Array): void {
    if (!Number.isFinite(sentAt[0]!)) return;
    if (this.#clock === undefined) readWallClock(this.#ticks, measured);
    else measured[0] = this.#clock.start;
    let ms = measured[0]! - sentAt[0]!;
    // The inexact clock may also be the local one.
    if (ms < 0) ms = Date.now() - sentAt[0]!;
    if (ms < 0) addTo(this.#prepared.series(clockSkew), 1);
    measured[0] = ms > 0 ? ms / 1000 : 0;
    recordFrom(this.#prepared.series(messageAge), messageAge.boundaries!, measured);
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
      this.#measure(span);
      prepared.record(measured, errorType);
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

  /** Stores the duration: that of the span, if available, so that span and metric have the same duration. */
  #measure(span: Span | undefined): void {
    if (span !== undefined && readDuration(span)) return;
    if (this.#clock === undefined) {
      const ticks = this.#ticks;
      readTicks(ticks, 1);
      measured[0] = (ticks[1]! - ticks[0]!) / 1000;
    } else {
      measured[0] = this.#clock.elapsed / 1000;
    }
    if (!(measured[0] > 0)) measured[0] = 0;
  }
}

/** Stores the duration of an ended span; returns false if it is not known. */
function readDuration(span: Span): boolean {
  const { duration } = span as { duration?: unknown };
  if (!Array.isArray(duration)) return false;
  const [seconds, nanos] = duration as [number, number];
  measured[0] = seconds + nanos / 1e9;
  return measured[0] >= 0 && measured[0] < Infinity;
}
