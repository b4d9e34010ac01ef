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
  operationDuration,
  pipelineAge,
  processDuration,
  sentMessages,
  type Series,
} from '../metrics/instruments.ts';
import { addTo, metricsEpoch, recordIn, seriesFor } from '../metrics/series.ts';
import type { OperationClock } from './operation-clock.ts';
import { type Destination, mergeAttributes, type OperationDescription } from './operation.ts';
import type { PipelineAge } from './pipeline-policy.ts';
import {
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_DESTINATION_NAME,
  ATTR_ERROR_TYPE,
  ATTR_OPERATION_NAME,
  ATTR_OPERATION_TYPE,
  ATTR_PIPELINE_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SYSTEM,
  type SemconvVersion,
  toVersion,
} from './semconv.ts';

/** What is said of an operation by its metrics. */
type Described = Pick<OperationDescription, 'name' | 'type' | 'destination' | 'attributes'>;

/** What the broker tells of a delivery. */
export interface DeliveryFacts {
  /** Which delivery of the message it is, from 1. */
  attempt?: number | undefined;
  /** Whether the message was delivered before, also where nothing tells how often. */
  redelivered?: boolean | undefined;
  /** Whether the message was dead-lettered on its way here. */
  deadLettered?: boolean | undefined;
}

/** Kinds of errors that are told apart for one operation. */
const maxErrorTypes = 100;
/** Operations that are remembered; whatever is beyond is looked up among the series again. */
const maxPrepared = 2000;

/** The series of one operation with one destination, each found once. */
class PreparedMetrics {
  readonly epoch: number;
  readonly #attributes: Attributes;
  readonly #duration: Definition;
  readonly #found = new Map<Definition, Series>();
  readonly #failed = new Map<string, Map<Definition, Series>>();
  #durationSeries: Series | undefined;
  #pipelines: Map<string, Series> | undefined;

  constructor(epoch: number, attributes: Attributes, type: string) {
    this.epoch = epoch;
    this.#attributes = attributes;
    this.#duration = type === 'process' ? processDuration : operationDuration;
  }

  record(seconds: number, errorType: string | undefined): void {
    const series =
      errorType === undefined
        ? (this.#durationSeries ??= this.series(this.#duration))
        : this.series(this.#duration, errorType);
    recordIn(series, this.#duration.boundaries!, seconds);
  }

  series(definition: Definition, errorType?: string): Series {
    if (errorType === undefined) return this.#find(this.#found, definition, this.#attributes);
    let found = this.#failed.get(errorType);
    if (found === undefined) {
      found = new Map();
      if (this.#failed.size < maxErrorTypes) this.#failed.set(errorType, found);
    }
    return this.#find(found, definition, { ...this.#attributes, [ATTR_ERROR_TYPE]: errorType });
  }

  /** The series of a named pipeline. Only names that the application has listed come here, and one that stands for all others. */
  pipeline(name: string): Series {
    this.#pipelines ??= new Map();
    let series = this.#pipelines.get(name);
    if (series === undefined) {
      series = seriesFor(pipelineAge, mergeAttributes(this.#attributes, { [ATTR_PIPELINE_NAME]: name }));
      this.#pipelines.set(name, series);
    }
    return series;
  }

  #find(found: Map<Definition, Series>, definition: Definition, attributes: Attributes): Series {
    const known = found.get(definition);
    if (known !== undefined) return known;
    const series = seriesFor(definition, attributes);
    found.set(definition, series);
    return series;
  }
}

/** One operation that is being counted and timed. */
export class Measurement {
  readonly #prepared: PreparedMetrics;
  readonly #clock: OperationClock | undefined;
  readonly #startedAt: number;
  #counted: Definition | undefined;
  #messages = 0;
  #byDestination: Map<PreparedMetrics, number> | undefined;
  #inFlight = 0;

  constructor(prepared: PreparedMetrics, clock?: OperationClock) {
    this.#prepared = prepared;
    this.#clock = clock;
    this.#startedAt = clock === undefined ? performance.now() : 0;
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

  /** Records how old a message is: a message from the future is of age 0. */
  age(sentAt: number | undefined): void {
    if (sentAt === undefined || !Number.isFinite(sentAt)) return;
    const ms = Date.now() - sentAt;
    if (ms < 0) addTo(this.#prepared.series(clockSkew), 1);
    recordIn(this.#prepared.series(messageAge), messageAge.boundaries!, Math.max(0, ms) / 1000);
  }

  /** Records how long ago the pipeline of a message has started. */
  pipeline(age: PipelineAge | undefined): void {
    if (age === undefined) return;
    const series = age.name === undefined ? this.#prepared.series(pipelineAge) : this.#prepared.pipeline(age.name);
    recordIn(series, pipelineAge.boundaries!, age.seconds);
  }

  /** Records what the broker tells of a delivery. */
  facts({ attempt, deadLettered }: DeliveryFacts): void {
    if (attempt !== undefined) recordIn(this.#prepared.series(deliveryAttempts), deliveryAttempts.boundaries!, attempt);
    if (deadLettered === true) addTo(this.#prepared.series(messagesDeadLettered), 1);
  }

  /**
   * Records the operation, which has ended as its span has.
   *
   * @param errorType - undefined if it succeeded.
   */
  end(span: Span | undefined, errorType: string | undefined): void {
    try {
      // While nobody read, the series were forgotten.
      if (this.#prepared.epoch !== metricsEpoch()) return;
      this.#prepared.record(this.#seconds(span), errorType);
      if (this.#inFlight > 0) addTo(this.#prepared.series(messagesInFlight), -this.#inFlight);
      if (this.#counted === undefined) return;
      if (this.#byDestination === undefined) {
        if (this.#messages > 0) addTo(this.#prepared.series(this.#counted, errorType), this.#messages);
        return;
      }
      for (const [prepared, messages] of this.#byDestination) {
        addTo(prepared.series(this.#counted, errorType), messages);
      }
    } catch (error) {
      reportFault('recording metrics', error);
    }
  }

  /** The duration of the span, where the span tells it: one operation has one duration. */
  #seconds(span: Span | undefined): number {
    const duration = (span as { duration?: unknown } | undefined)?.duration;
    if (Array.isArray(duration)) {
      const [seconds, nanos] = duration as [number, number];
      const total = seconds + nanos / 1e9;
      if (total >= 0 && total < Infinity) return total;
    }
    const now = this.#clock === undefined ? performance.now() - this.#startedAt : this.#clock.elapsed;
    return Math.max(0, now) / 1000;
  }
}

/** Finds the series for the operations of one client. */
export class Measurer {
  readonly #system: string;
  readonly #semconv: SemconvVersion;
  readonly #known = new Map<string, PreparedMetrics>();
  #epoch = 0;
  #last: (Described & { place: string; prepared: PreparedMetrics }) | undefined;

  constructor(system: string, semconv: SemconvVersion) {
    this.#system = system;
    this.#semconv = semconv;
  }

  /** Begins to measure an operation; undefined while nobody reads the metrics. Never throws. */
  start(described: Described, clock?: OperationClock): Measurement | undefined {
    if (metricsEpoch() === 0) return undefined;
    try {
      return new Measurement(this.prepare(described), clock);
    } catch (error) {
      reportFault('preparing metrics', error);
      return undefined;
    }
  }

  /** Begins to measure an operation on messages that are counted by destination when it ends. */
  startOnMessages(
    described: Described,
    counted: Definition,
    messages: readonly { readonly destination: Destination | undefined }[],
    clock?: OperationClock,
  ): Measurement | undefined {
    const measurement = this.start(described, clock);
    if (measurement === undefined) return undefined;
    try {
      if (described.destination !== undefined || messages.length === 0) {
        measurement.count(counted, messages.length);
        return measurement;
      }
      const { name, type, attributes } = described;
      const byDestination = new Map<PreparedMetrics, number>();
      for (const { destination } of messages) {
        const prepared = this.prepare({ name, type, destination, attributes });
        byDestination.set(prepared, (byDestination.get(prepared) ?? 0) + 1);
      }
      measurement.countEach(counted, byDestination);
    } catch (error) {
      reportFault('preparing metrics', error);
    }
    return measurement;
  }

  prepare({ name, type, destination, attributes }: Described): PreparedMetrics {
    const epoch = metricsEpoch();
    if (epoch !== this.#epoch || this.#known.size >= maxPrepared) {
      this.#known.clear();
      this.#last = undefined;
      this.#epoch = epoch;
    }
    const place = placeOf(destination);
    const last = this.#last;
    if (last?.name === name && last.type === type && last.place === place && last.attributes === attributes) {
      return last.prepared;
    }
    const group = attributes?.[ATTR_CONSUMER_GROUP_NAME];
    const address = attributes?.[ATTR_SERVER_ADDRESS];
    const port = attributes?.[ATTR_SERVER_PORT];
    const groupName = String(group);
    const key = `${type} ${name} ${String(address)}:${String(port)} ${groupName.length} ${groupName} ${place}`;
    let prepared = this.#known.get(key);
    if (prepared === undefined) {
      const all: Attributes = {
        [ATTR_SYSTEM]: this.#system,
        [ATTR_OPERATION_NAME]: name,
        [ATTR_OPERATION_TYPE]: type,
      };
      if (place !== '') all[ATTR_DESTINATION_NAME] = place;
      if (group !== undefined) all[ATTR_CONSUMER_GROUP_NAME] = group;
      if (address !== undefined) all[ATTR_SERVER_ADDRESS] = address;
      if (port !== undefined) all[ATTR_SERVER_PORT] = port;
      prepared = new PreparedMetrics(epoch, toVersion(all, this.#semconv), type);
      this.#known.set(key, prepared);
    }
    this.#last = { name, type, attributes, place, prepared };
    return prepared;
  }
}

/** The destination in a form of which there are few; empty where there is none. */
function placeOf(destination: Destination | undefined): string {
  if (destination === undefined) return '';
  const { template, metricName, anonymous, temporary, name } = destination;
  if (template !== undefined) return template;
  if (metricName !== undefined) return metricName;
  return anonymous || temporary ? '' : name;
}

/** @internal */
export { consumedMessages, sentMessages };
