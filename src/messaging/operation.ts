// Implements a messaging operation: its spans, its metrics and its end.
import type { Attributes, AttributeValue, Context, Span, SpanKind } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';
import { sentMessages } from '../metrics/instruments.ts';
import type { Linked } from '../common/prepared-span.ts';
import { type Failure, failureOf, recordFailure } from './failure.ts';
import type { Measurement } from './measurement.ts';
import type { Messaging } from './messaging.ts';
import type { OpenEntry, OpenOperations } from './open-operations.ts';
import { toVersion } from './semconv.ts';
import type { OperationClock } from './operation-clock.ts';

/** The destination to which messages are sent, or from which they are received. */
export interface Destination {
  name: string;
  /** A low-cardinality form of the name, if it has parameters. */
  template?: string;
  /** Named by the broker (`amq.gen-…`): not part of span names. */
  anonymous?: boolean;
  /** Deleted with its connection: not part of span names. */
  temporary?: boolean;
  /** The name for metrics, if parts of the name have many values; empty to omit it. */
  metricName?: string;
}

/** A messaging operation, in the terms of the conventions. */
export interface OperationDescription {
  /** `messaging.operation.name`: the term of the system, such as `send`, `publish`, `xadd`. */
  name: string;
  /** `messaging.operation.type`. */
  type: 'create' | 'send' | 'receive' | 'process' | 'settle';
  /** Omitted if the operation has none, or its messages have different ones. */
  destination?: Destination | undefined;
  /** Whether the operation never has a destination; its span is then named after the server. Default false. */
  withoutDestination?: boolean | undefined;
  /**
   * The attributes of the client, which many operations share: they are prepared once, and again if they change. Available to
   * samplers. Undefined values are omitted.
   */
  attributes?: Attributes | undefined;
  /**
   * The attributes of only this operation, also set when the span starts. Undefined values are omitted; not modified afterwards.
   */
  own?: Attributes | undefined;
  /** Attributes of the connection that only recorded spans have. Prepared once, like `attributes`, but not available to samplers. */
  peer?: Attributes | undefined;
  /** The other attributes; called only if the span records. Undefined if there are none, so that nothing is built for it. */
  details?: (() => Attributes) | undefined;
}

/** Options for the start of an operation. */
export interface OperationStart {
  kind: SpanKind;
  /** The context with the parent span, on which the operation's context is based. */
  parent: Context;
  links?: Linked;
  /** For an operation that started before its span is created. */
  startedAt?: OperationClock | undefined;
  /** Counts and times the operation; undefined without a metrics reader. */
  measurement?: Measurement | undefined;
}

const noSpans: readonly Span[] = [];

/** The options of a client that its operations use. */
export type OperationSettings = Pick<Messaging, 'semconv' | 'isExpectedError'>;

const defaultSettings: OperationSettings = { semconv: 'latest', isExpectedError: undefined };

/** A running operation: its span and its context. Idempotent: only the first end() or fail() counts. */
export class Operation {
  /** The parent context with the operation's span in it. */
  readonly context: Context;
  /** Mostly one: then there is no list of it. */
  readonly #spans: Span | readonly Span[];
  readonly #settings: OperationSettings;
  readonly #startedAt: OperationClock | undefined;
  #measurement: Measurement | undefined;
  #ended = false;
  #open: OpenEntry | undefined;

  constructor(
    context: Context,
    spans: Span | readonly Span[] = noSpans,
    settings: OperationSettings = defaultSettings,
    startedAt?: OperationClock,
    measurement?: Measurement,
  ) {
    this.context = context;
    this.#spans = spans;
    this.#settings = settings;
    this.#startedAt = startedAt;
    this.#measurement = measurement;
  }

  /** The operation's span; undefined if tracing failed or there is no span. */
  get span(): Span | undefined {
    return isList(this.#spans) ? this.#spans[0] : this.#spans;
  }

  /** Its span, if ending that is all that its end does: it is not measured, and no one else ends it. */
  get onlySpan(): Span | undefined {
    const isAlone = this.#measurement === undefined && this.#startedAt === undefined && this.#open === undefined;
    return isAlone && !this.#ended && !isList(this.#spans) ? this.#spans : undefined;
  }

  /** Whether its end must be observed: it has a span or is measured. */
  get isObserved(): boolean {
    return this.span !== undefined || this.#measurement !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Keeps the operation in `open` until it ends, so that closing the client can end it; no longer in an earlier one. */
  track(open: Pick<OpenOperations, 'add'>): void {
    if (this.#ended || !this.isObserved) return;
    this.#open?.remove();
    this.#open = open.add(this);
  }

  /** Adds attributes that become known during the operation. */
  set(attributes: () => Attributes): void {
    const { span } = this;
    if (this.#ended || span === undefined) return;
    try {
      if (answered(span.isRecording()))
        answered(span.setAttributes(toVersion(defined(attributes()), this.#settings.semconv)));
    } catch (error) {
      reportFault('setting span attributes', error);
    }
  }

  /** Whether attributes can be added: it has a span, which records. */
  get isRecording(): boolean {
    const { span } = this;
    if (this.#ended || span === undefined) return false;
    try {
      return answered(span.isRecording());
    } catch (error) {
      reportFault('reading a span', error);
      return false;
    }
  }

  /** Adds one attribute, to a span that {@link isRecording}; as {@link set}, without creating an object. */
  put(name: string, value: AttributeValue | undefined): void {
    const { span } = this;
    if (this.#ended || span === undefined || value === undefined) return;
    if (this.#settings.semconv !== 'latest') {
      this.set(() => ({ [name]: value }));
      return;
    }
    try {
      answered(span.setAttribute(name, value));
    } catch (error) {
      reportFault('setting span attributes', error);
    }
  }

  /** Counts this many messages as sent when it ends, instead of the number known at its start. */
  countSent(messages: number): void {
    this.#measurement?.count(sentMessages, messages);
  }

  end(): void {
    this.#end(undefined);
  }

  /** Ends an operation that did not take place: it is not counted. */
  leave(): void {
    this.#measurement?.leave();
    this.#measurement = undefined;
    this.#end(undefined);
  }

  #end(failure: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.write(this.#startedAt?.now());
    this.#measureEnd(failure);
  }

  /** Ends the operation, but its spans only with {@link write}. Returns whether there are any. */
  endLater(failure?: Failure): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#measureEnd(failure && (failure.type ?? '_OTHER'));
    return this.span !== undefined;
  }

  /** Ends the spans, at a time in one of the forms of the API. */
  write(time: number | undefined, failure?: Failure): void {
    if (failure !== undefined) this.#record(failure, time);
    this.#open?.remove();
    const spans = this.#spans;
    if (!isList(spans)) endSpan(spans, time);
    else for (const span of spans) endSpan(span, time);
  }

  #measureEnd(failure: string | undefined): void {
    const measurement = this.#measurement;
    if (measurement === undefined) return;
    // After its end it may belong to another operation.
    this.#measurement = undefined;
    measurement.end(this.span, failure);
  }

  /**
   * Ends the operation as failed: status, `error.type` and an exception event, unless the error is expected.
   *
   * @param error - undefined if a reply reports the failure and nothing was thrown: then no exception is recorded.
   * @param type - `error.type`, if the caller knows a better one than that of the error.
   */
  fail(error: unknown, type?: string): void {
    if (this.#ended) return;
    const failure = failureOf(error, type);
    this.#record(failure, this.#startedAt?.now());
    this.#end(failure.type ?? '_OTHER');
  }

  #record(failure: Failure, time: number | undefined): void {
    recordFailure(this.span, failure, this.#settings.isExpectedError, time);
  }
}

function isList(spans: Span | readonly Span[]): spans is readonly Span[] {
  return Array.isArray(spans);
}

function endSpan(span: Span, time: number | undefined): void {
  try {
    answered(span.end(time));
  } catch (error) {
    reportFault('ending a span', error);
  }
}

/** An operation without a span, if tracing is suppressed or failed; it may still be measured. */
export function noOperation(context: Context, measurement?: Measurement): Operation {
  return new Operation(context, noSpans, defaultSettings, undefined, measurement);
}

/**
 * Merges sets of attributes; the last one takes precedence. Spreading them into one object would take ten times as long. @internal
 */
export function mergeAttributes(...sets: readonly (Attributes | undefined)[]): Attributes {
  const all: Attributes = {};
  for (const set of sets) for (const key in set) all[key] = set[key];
  return all;
}

/** As {@link mergeAttributes} of two sets; the first one itself if there is no second. @internal */
export function addAttributes(
  attributes: Attributes | undefined,
  more: Attributes | undefined,
): Attributes | undefined {
  return more === undefined ? attributes : mergeAttributes(attributes, more);
}

function defined(attributes: Attributes): Attributes {
  const kept: Attributes = {};
  for (const key in attributes) if (attributes[key] !== undefined) kept[key] = attributes[key];
  return kept;
}
