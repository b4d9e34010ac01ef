// Defines the metrics of mqtrace, with name, unit and buckets, and their state, which all copies of the package share.
import type { Attributes } from '@opentelemetry/api';
import { processState } from '../common/process-state.ts';

/** The accumulated values of one set of attributes. Never reset: readers remember what they have read. @internal */
export interface Series {
  readonly attributes: Attributes;
  /** Start of the series in milliseconds since the epoch. */
  readonly startMs: number;
  /**
   * A counter: its value. A histogram: sum, smallest, largest, then a count for each bucket. The numbers are in a typed array,
   * because changing a number in an object's field may allocate memory.
   */
  readonly data: Float64Array;
  /** Also records a value elsewhere. */
  forward: ((value: number) => void) | undefined;
}

/** The description of an instrument. @internal */
export interface Definition {
  /** Its position among the definitions of this copy of the package. */
  readonly at: number;
  readonly name: string;
  readonly kind: 'counter' | 'up_down_counter' | 'histogram' | 'gauge';
  readonly unit: string;
  readonly description: string;
  /** The upper bounds of a histogram's buckets. */
  readonly boundaries?: readonly number[];
}

/** An instrument with its series. @internal */
export interface Instrument extends Omit<Definition, 'at'> {
  /** By the text form of the attributes that {@link seriesFor} builds. */
  readonly series: Map<string, Series>;
  /** The number of series that combine those over the limit. */
  others: number;
}

/** An observed level: its definition, attributes and value. @internal */
export interface Level {
  readonly definition: Definition;
  readonly attributes: Attributes;
  readonly value: number;
}

/**
 * Reports current levels.
 *
 * @param note - called for each level. Levels with equal attributes are added up; if each of them describes the whole
 * (`shared`), the highest is used.
 * @internal
 */
export type Observer = (note: (level: Level, shared?: boolean) => void) => void | Promise<void>;

/** Returns the function that records the values of one series elsewhere. @internal */
export type Forwarder = (name: string, attributes: Attributes) => (value: number) => void;

/** The state that all copies of this package in the process share. @internal */
export interface MetricsState {
  /** The readers; without one, nothing is counted. */
  readers: number;
  /** The number of readers that are instruments of the metrics API. */
  meters: number;
  /** Records the values of histograms with the metrics API; undefined if that is off. */
  forwarder: Forwarder | undefined;
  /** Changes each time that counting starts; 0 while nothing is counted. */
  epoch: number;
  epochs: number;
  /** The maximum number of series per instrument. */
  maxSeries: number;
  /** The observers that report levels when they are read: see `observe` in levels.ts. */
  readonly observers: Set<Observer>;
  /** The running observation. */
  observation: Promise<void> | undefined;
  readonly instruments: Map<string, Instrument>;
}

/** @internal */
export const defaultMaxSeries = 1000;

/** @internal */
export const state: MetricsState = processState('metrics', 1, () => ({
  readers: 0,
  meters: 0,
  forwarder: undefined,
  epoch: 0,
  epochs: 0,
  maxSeries: defaultMaxSeries,
  observers: new Set(),
  observation: undefined,
  instruments: new Map(),
}));

/** The boundaries of the conventions. https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/ */
const durations = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Messages may wait much longer than an operation takes: up to a day. */
const ages = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400,
];
const attempts = [1, 2, 3, 4, 5, 10, 20, 50, 100];

/** Every definition, by position. @internal */
export const definitions: Definition[] = [];

function define(given: Omit<Definition, 'at'>): Definition {
  const definition = { at: definitions.length, ...given };
  definitions.push(definition);
  return definition;
}

/** @internal */
export const operationDuration: Definition = define({
  name: 'messaging.client.operation.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of messaging operation initiated by a producer or consumer client.',
  boundaries: durations,
});

/** @internal */
export const processDuration: Definition = define({
  name: 'messaging.process.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of processing operation.',
  boundaries: durations,
});

/** @internal */
export const sentMessages: Definition = define({
  name: 'messaging.client.sent.messages',
  kind: 'counter',
  unit: '{message}',
  description: 'Number of messages producer attempted to send to the broker.',
});

/** @internal */
export const consumedMessages: Definition = define({
  name: 'messaging.client.consumed.messages',
  kind: 'counter',
  unit: '{message}',
  description: 'Number of messages that were delivered to the application.',
});

/** @internal */
export const messageAge: Definition = define({
  name: 'mqtrace.message.age',
  kind: 'histogram',
  unit: 's',
  description: 'Time from the sending of a message to the start of its processing.',
  boundaries: ages,
});

/** @internal */
export const pipelineAge: Definition = define({
  name: 'mqtrace.pipeline.age',
  kind: 'histogram',
  unit: 's',
  description: 'Time from the sending of the first message of a pipeline to the start of processing.',
  boundaries: ages,
});

/** @internal */
export const clockSkew: Definition = define({
  name: 'mqtrace.message.clock_skew',
  kind: 'counter',
  unit: '{message}',
  description: 'Number of messages that were received before they were sent, by the clocks of the two machines.',
});

/** @internal */
export const messagesInFlight: Definition = define({
  name: 'mqtrace.messages.in_flight',
  kind: 'up_down_counter',
  unit: '{message}',
  description: 'Number of messages that are being processed.',
});

/** @internal */
export const deliveryAttempts: Definition = define({
  name: 'mqtrace.delivery.attempts',
  kind: 'histogram',
  unit: '{attempt}',
  description: 'Number of deliveries of a message, including the current one, if the broker reports it.',
  boundaries: attempts,
});

/** @internal */
export const messagesReturned: Definition = define({
  name: 'mqtrace.messages.returned',
  kind: 'counter',
  unit: '{message}',
  description: 'Messages that the broker returned to their publisher, because no queue took them.',
});

/** @internal */
export const messagesDeadLettered: Definition = define({
  name: 'mqtrace.messages.dead_lettered',
  kind: 'counter',
  unit: '{message}',
  description: 'Number of messages that were dead-lettered, if the broker reports it.',
});

/** @internal */
export const consumerLag: Definition = define({
  name: 'mqtrace.consumer.lag',
  kind: 'gauge',
  unit: '{message}',
  description: 'Messages that wait to be consumed.',
});

/** @internal */
export const consumerPending: Definition = define({
  name: 'mqtrace.consumer.pending',
  kind: 'gauge',
  unit: '{message}',
  description: 'Messages that were delivered to a consumer of the group and are not acknowledged yet.',
});
