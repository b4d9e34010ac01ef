// The shapes of the answers: of the HTTP API, of `--json`, and of what the page draws. A change that takes something away or gives
// it another meaning raises the number in `schema`; docs/view.md describes them.

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
  /** The queue, where the destination is an exchange. */
  queue: string;
  /** `receive` where only pulls are recorded, and not what is done with the messages; `metrics` where there are no spans. */
  seenBy: 'process' | 'receive' | 'metrics';
  messages: number;
  rate: number;
  /** Further deliveries of messages that the consumer had before. */
  attempts: number;
  errors: number;
  errorShare: number;
  trend: Trend;
  /** From the start of the creation to the start of the processing. */
  wait: Distribution | undefined;
  /** By the broker's or the header's time. */
  age: Distribution | undefined;
  /** Which of the two the page shows first. */
  basis: 'creation' | 'age' | 'none';
  work: { p50: number; p95: number } | undefined;
  lag: number | undefined;
  /** Spans stand for more than themselves, by `ot=th`. */
  sampled: boolean;
}

export interface SenderRow {
  service: string;
  messages: number;
  rate: number;
  errors: number;
}

/** A destination with who sends to it and who consumes from it. */
export interface DestinationCard {
  id: number;
  system: string;
  name: string;
  messages: number;
  rate: number;
  notConsumed: number;
  senders: SenderRow[];
  consumers: ConsumerRow[];
  /** Destinations for which messages were created that are consumed here, as dead letters are. */
  reroutedFrom: { id: number; name: string; messages: number }[];
}

/** The span counts that every answer gives, for what it does not know. */
export interface Coverage {
  received: number;
  kept: number;
  evicted: number;
  metricSeries: number;
  /** Destinations, consumers, names and series that found no room. */
  refused: number;
}

export interface MapAnswer {
  schema: 'mqtrace.map/1';
  at: number;
  sentence: string;
  /** The consumer that the sentence is about: 95 of 100 of its messages wait longest. */
  worst: number | undefined;
  /** Ends of the logarithmic axis that all columns share. */
  axis: { from: number; to: number; columns: number };
  destinations: DestinationCard[];
  coverage: Coverage;
}

export interface JourneyRow {
  /** Number of the span in the store; of a wait or a fold, of the span that it stands before. */
  span: number;
  spanId: string;
  kind: 'span' | 'wait' | 'fold';
  depth: number;
  service: string;
  name: string;
  start: number;
  end: number;
  error: boolean;
  /** Why it failed, as far as the span says; empty otherwise. */
  reason: string;
  /** False where a batch leaves open which of its messages it was. */
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
  /** Baggage and headers of the message, where spans recorded them: baggage first, by name. */
  recorded: RecordedValue[];
  rows: JourneyRow[];
  /** Pieces of time, in order; a folded one is drawn with a fixed width. */
  axis: { from: number; to: number; folded: boolean }[];
  /** What is missing, in sentences. */
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
  /** The longest of its consumers, if any is known. */
  wait: number | undefined;
  consumers: number;
  attempts: number;
  error: boolean;
  /** Why it, or its first failed consumer, failed; empty otherwise. */
  reason: string;
}

export interface SearchAnswer {
  schema: 'mqtrace.search/1';
  messages: MessageSummary[];
  /** Whether there are more than these. */
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
