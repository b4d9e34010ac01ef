// The metrics that mqtrace keeps: name, unit and buckets of each, and the state that all copies of the package share.
import type { Attributes } from '@opentelemetry/api';
import { processState } from '../common/process-state.ts';

/** What one set of attributes has added up to. Never set back: whoever reads remembers what it has read. @internal */
export interface Series {
  readonly attributes: Attributes;
  /** Milliseconds since the epoch from which on it counts. */
  readonly startMs: number;
  /**
   * A counter: its value. A histogram: sum, smallest, largest, then a count for each bucket. The numbers lie in a typed array,
   * because a number in an object's field may be allocated anew each time it changes.
   */
  readonly data: Float64Array;
}

/** What is said of an instrument. @internal */
export interface Definition {
  readonly name: string;
  readonly kind: 'counter' | 'up_down_counter' | 'histogram';
  readonly unit: string;
  readonly description: string;
  /** The upper bounds of a histogram's buckets. */
  readonly boundaries?: readonly number[];
}

/** An instrument with its series. @internal */
export interface Instrument extends Definition {
  /** By attributes, as {@link seriesFor} writes them as text. */
  readonly series: Map<string, Series>;
  /** How many of the series stand for those that had no room. */
  others: number;
}

/** What all copies of this package in the process share. @internal */
export interface MetricsState {
  /** Whoever reads; while there are none, nothing is counted. */
  readers: number;
  /** Differs each time that counting starts; 0 while nothing is counted. */
  epoch: number;
  epochs: number;
  /** Series that an instrument may have. */
  maxSeries: number;
  readonly instruments: Map<string, Instrument>;
}

/** @internal */
export const defaultMaxSeries = 1000;

/** @internal */
export const state: MetricsState = processState('metrics', 1, () => ({
  readers: 0,
  epoch: 0,
  epochs: 0,
  maxSeries: defaultMaxSeries,
  instruments: new Map(),
}));

/** As the conventions advise. https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/ */
const durations = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Messages may wait for much longer than an operation lasts: up to a day. */
const ages = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400,
];
const attempts = [1, 2, 3, 4, 5, 10, 20, 50, 100];

/** @internal */
export const operationDuration: Definition = {
  name: 'messaging.client.operation.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of messaging operation initiated by a producer or consumer client.',
  boundaries: durations,
};

/** @internal */
export const processDuration: Definition = {
  name: 'messaging.process.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of processing operation.',
  boundaries: durations,
};

/** @internal */
export const sentMessages: Definition = {
  name: 'messaging.client.sent.messages',
  kind: 'counter',
  unit: '{message}',
  description: 'Number of messages producer attempted to send to the broker.',
};

/** @internal */
export const consumedMessages: Definition = {
  name: 'messaging.client.consumed.messages',
  kind: 'counter',
  unit: '{message}',
  description: 'Number of messages that were delivered to the application.',
};

/** @internal */
export const messageAge: Definition = {
  name: 'mqtrace.message.age',
  kind: 'histogram',
  unit: 's',
  description: 'Time from the sending of a message to the start of its processing.',
  boundaries: ages,
};

/** @internal */
export const pipelineAge: Definition = {
  name: 'mqtrace.pipeline.age',
  kind: 'histogram',
  unit: 's',
  description: 'Time from the sending of the first message of a pipeline to the start of processing.',
  boundaries: ages,
};

/** @internal */
export const clockSkew: Definition = {
  name: 'mqtrace.message.clock_skew',
  kind: 'counter',
  unit: '{message}',
  description: 'Messages that were received before they were sent, by the clocks of the two machines.',
};

/** @internal */
export const messagesInFlight: Definition = {
  name: 'mqtrace.messages.in_flight',
  kind: 'up_down_counter',
  unit: '{message}',
  description: 'Messages that are being processed.',
};

/** @internal */
export const deliveryAttempts: Definition = {
  name: 'mqtrace.delivery.attempts',
  kind: 'histogram',
  unit: '{attempt}',
  description: 'How often a message has been delivered, this time included, where the broker tells.',
  boundaries: attempts,
};

/** @internal */
export const messagesDeadLettered: Definition = {
  name: 'mqtrace.messages.dead_lettered',
  kind: 'counter',
  unit: '{message}',
  description: 'Messages that were dead-lettered, as far as the broker tells.',
};
