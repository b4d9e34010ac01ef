// Defines the answers of the HTTP API and of `--json`, which the page also uses. A change that removes a field or changes its
// meaning increases the number in `schema`; docs/view.md describes them.

/** Times are milliseconds since the epoch, durations milliseconds. */
export interface Distribution {
  count: number;
  p50: number;
  p95: number;
  max: number;
  /** Counts on the map's logarithmic axis. */
  columns: number[];
}

export type Trend = 'up' | 'down' | 'steady' | 'unknown';

/** One consumer of a destination. */
export interface ConsumerRow {
  id: number;
  service: string;
  group: string;
  /** The queue, if the destination is an exchange; with `*` for the number if the row is about several numbered queues. */
  queue: string;
  /** A row for each of several numbered queues with the same consumers, whose sums this row contains; otherwise empty. */
  shards: ConsumerRow[];
  /** Ids of those shards whose wait or share of failures is more than twice that of a typical one. */
  standsOut: number[];
  /** `receive` if only pulls are recorded, without the processing of their messages; `metrics` if there are no spans. */
  seenBy: 'process' | 'receive' | 'metrics';
  messages: number;
  rate: number;
  /** Redeliveries to the same consumer. */
  attempts: number;
  errors: number;
  errorShare: number;
  trend: Trend;
  /** From the start of the creation to the start of the processing. */
  wait: Distribution | undefined;
  /** By the broker's or the header's timestamp. */
  age: Distribution | undefined;
  /** Which of the two the page shows first. */
  basis: 'creation' | 'age' | 'none';
  work: { p50: number; p95: number } | undefined;
  lag: number | undefined;
  /** Whether spans represent more than one, by `ot=th`. */
  sampled: boolean;
}

export interface SenderRow {
  service: string;
  messages: number;
  rate: number;
  errors: number;
}

/** A destination with its senders and consumers. */
export interface DestinationCard {
  id: number;
  system: string;
  name: string;
  messages: number;
  rate: number;
  notConsumed: number;
  senders: SenderRow[];
  consumers: ConsumerRow[];
  /** Other destinations for which messages consumed here were created, as dead letters are. */
  reroutedFrom: { id: number; name: string; messages: number }[];
}

/** What an answer is based on, and what is missing from it. */
export interface Coverage {
  received: number;
  kept: number;
  evicted: number;
  metricSeries: number;
  /** Destinations, services, names and series beyond the limits, each time they were received. */
  refused: number;
}

export interface MapAnswer {
  schema: 'mqtrace.map/1';
  at: number;
  sentence: string;
  /** Id of the consumer that the sentence describes: the one with the longest 95th percentile of waits. */
  worst: number | undefined;
  /** The logarithmic axis of all columns. */
  axis: { from: number; to: number; columns: number };
  destinations: DestinationCard[];
  coverage: Coverage;
}

export interface JourneyRow {
  /** Number of the span in the store; for a wait or a fold, that of the span after it. */
  span: number;
  spanId: string;
  kind: 'span' | 'wait' | 'fold';
  depth: number;
  service: string;
  name: string;
  start: number;
  end: number;
  error: boolean;
  /** Why it failed, if the span contains that; empty otherwise. */
  reason: string;
  /** False if the batch does not reveal which of its messages caused it. */
  certain: boolean;
  /** The message that was asked for. */
  asked: boolean;
  operation: 'none' | 'create' | 'send' | 'receive' | 'process' | 'settle';
  attempt: number;
  note: string;
}

/** Baggage or a header of a message, as spans recorded it. */
export interface RecordedValue {
  kind: 'baggage' | 'header';
  name: string;
  value: string;
  /** The services that recorded this value. */
  services: string[];
}

export interface JourneyAnswer {
  schema: 'mqtrace.journey/1';
  title: string;
  traceId: string;
  spanId: string;
  messageId: string;
  messageKey: string;
  destination: string;
  start: number;
  end: number;
  waiting: number;
  working: number;
  /** Baggage and headers of the message that spans recorded: baggage first, sorted by name. */
  recorded: RecordedValue[];
  rows: JourneyRow[];
  /** Sections of time, in order; a folded one has a fixed width. */
  axis: { from: number; to: number; folded: boolean }[];
  /** Sentences about missing or unusual data. */
  notes: string[];
}

/** One message of a list. */
export interface MessageSummary {
  span: number;
  traceId: string;
  spanId: string;
  destination: string;
  service: string;
  name: string;
  start: number;
  messageId: string;
  messageKey: string;
  /** The longest wait of its consumers, if any is known. */
  wait: number | undefined;
  /** Whether it was consumed before it was created, by the clocks of both sides: its wait is not known. */
  skewed: boolean;
  consumers: number;
  attempts: number;
  error: boolean;
  /** Why the message or its first failed consumer failed; empty otherwise. */
  reason: string;
}

export interface SearchAnswer {
  schema: 'mqtrace.search/1';
  messages: MessageSummary[];
  /** Whether there are more messages. */
  more: boolean;
}

export type HealthState =
  | 'no-context'
  | 'producer-not-seen'
  | 'producer-unsampled'
  | 'not-consumed'
  | 'clock-skew'
  | 'baggage-size'
  | 'double-instrumentation'
  | 'failures'
  | 'redeliveries'
  | 'rerouted'
  | 'mixed-sampling';

export interface Finding {
  state: HealthState;
  severity: 'problem' | 'note';
  destination: string;
  destinationId: number;
  consumer: string;
  /** The queue, if the destination is an exchange; with `*` for the number if it is about several numbered queues. */
  queue: string;
  count: number;
  of: number;
  sentence: string;
  advice: string;
}

export interface HealthAnswer {
  schema: 'mqtrace.health/1';
  at: number;
  sentence: string;
  findings: Finding[];
  /** Destinations without a finding. */
  healthy: string[];
  coverage: Coverage;
}

export interface SpanAnswer {
  schema: 'mqtrace.span/1';
  span: number;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  service: string;
  scope: string;
  start: number;
  end: number;
  status: 'unset' | 'ok' | 'error';
  statusMessage: string;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  events: { time: number; name: string; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string; attributes: Record<string, unknown> }[];
}
