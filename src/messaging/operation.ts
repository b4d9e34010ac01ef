// One messaging operation: its spans, and how it ends.
import { type Attributes, type Context, type Link, type Span, type SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';
import { sentMessages } from '../metrics/instruments.ts';
import { isNewOn } from '../common/recorded-errors.ts';
import { errorMessage, errorType, exceptionOf } from '../common/error-type.ts';
import type { Measurement } from './measuring.ts';
import type { Messaging } from './messaging.ts';
import { ATTR_ERROR_TYPE, type SemconvVersion, toVersion } from './semconv.ts';
import { startPreparedSpans } from './spans.ts';
import type { OperationClock } from './operation-clock.ts';

/** Where messages are sent to or come from. */
export interface Destination {
  name: string;
  /** A low-cardinality form of the name, where it has parameters. */
  template?: string;
  /** Named by the broker (`amq.gen-…`): kept out of span names. */
  anonymous?: boolean;
  /** Gone with its connection: kept out of span names. */
  temporary?: boolean;
  /** What metrics call it, where the name has parts that take many values; empty where they leave it out. */
  metricName?: string;
}

/** A messaging operation, in the terms of the conventions. */
export interface OperationDescription {
  /** `messaging.operation.name`: the system's own word, as `send`, `publish`, `xadd`. */
  name: string;
  /** `messaging.operation.type`. */
  type: 'create' | 'send' | 'receive' | 'process' | 'settle';
  /** Omitted where the operation has none, or its messages have different ones. */
  destination?: Destination | undefined;
  /** Whether the operation has no destination by its nature; its span is then named after the server. Default false. */
  withoutDestination?: boolean | undefined;
  /**
   * What is known of the client: the same for very many operations, so that it is prepared once, and made anew where it changes.
   * Samplers may decide by it. Undefined values are left out.
   */
  attributes?: Attributes | undefined;
  /** What only this operation has; given at the span's start as well. Undefined values are left out; nobody changes it later. */
  own?: Attributes | undefined;
  /** The rest; asked for only if the span records. */
  details?: (() => Attributes) | undefined;
}

/** How an operation's span starts. */
export interface OperationStart {
  kind: SpanKind;
  /** The context whose span is the parent, and on which the operation's own context is built. */
  parent: Context;
  links?: Link[];
  /** For an operation that began before its span could start. */
  startedAt?: OperationClock | undefined;
  /** Counts and times it; undefined while nobody reads the metrics. */
  measurement?: Measurement | undefined;
}

const noSpans: readonly Span[] = [];

/** An operation under way: its span, and the context in which it goes on. Idempotent: only the first end() or fail() counts. */
export class Operation {
  /** The parent context with the operation's span in it. */
  readonly context: Context;
  readonly #spans: readonly Span[];
  readonly #semconv: SemconvVersion;
  readonly #startedAt: OperationClock | undefined;
  #measurement: Measurement | undefined;
  #ended = false;
  #open: Set<Operation> | undefined;

  constructor(
    context: Context,
    spans: readonly Span[] = noSpans,
    semconv: SemconvVersion = 'latest',
    startedAt?: OperationClock,
    measurement?: Measurement,
  ) {
    this.context = context;
    this.#spans = spans;
    this.#semconv = semconv;
    this.#startedAt = startedAt;
    this.#measurement = measurement;
  }

  /** The operation's span; undefined where tracing failed and the operation goes on without. */
  get span(): Span | undefined {
    return this.#spans[0];
  }

  /** Whether its end is of interest: it has a span or is measured. */
  get isObserved(): boolean {
    return this.#spans.length > 0 || this.#measurement !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Keeps the operation in `open` until it ends, so that closing the client can end it. */
  track(open: Set<Operation>): void {
    if (this.#ended || !this.isObserved) return;
    this.#open = open;
    open.add(this);
  }

  /** Adds attributes that became known under way. */
  set(attributes: () => Attributes): void {
    const { span } = this;
    if (this.#ended || span === undefined) return;
    try {
      if (answered(span.isRecording())) answered(span.setAttributes(toVersion(defined(attributes()), this.#semconv)));
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

  /** Ends the operation, of which it is known that it has not taken place: it is not counted. */
  leave(): void {
    this.#measurement?.leave();
    this.#measurement = undefined;
    this.#end(undefined);
  }

  #end(failure: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#open?.delete(this);
    for (const span of this.#spans) {
      try {
        answered(span.end(this.#startedAt?.now()));
      } catch (error) {
        reportFault('ending a span', error);
      }
    }
    const measurement = this.#measurement;
    if (measurement === undefined) return;
    // From its end on it belongs to another operation.
    this.#measurement = undefined;
    measurement.end(this.span, failure);
  }

  /**
   * Ends the operation as failed: status, `error.type` and an exception event.
   *
   * @param error - undefined where a reply tells of the failure and nothing was thrown: then there is no exception to record.
   * @param type - `error.type`, where the caller knows a better one than the error tells.
   */
  fail(error: unknown, type?: string): void {
    if (this.#ended) return;
    let failure = type;
    try {
      const errorKind = type ?? errorType(error);
      failure = errorKind;
      const { span } = this;
      if (span !== undefined && answered(span.isRecording())) {
        answered(span.setAttribute(ATTR_ERROR_TYPE, errorKind));
        if (error === undefined) {
          answered(span.setStatus({ code: SpanStatusCode.ERROR }));
        } else {
          answered(span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) }));
          if (isNewOn(span, error)) {
            answered(span.recordException(exceptionOf(error), this.#startedAt?.now()));
          }
        }
      }
    } catch (fault) {
      reportFault('recording an error', fault);
    }
    this.#end(failure ?? '_OTHER');
  }
}

/**
 * Starts an operation. A fault of tracing gives an operation without a span, in the parent's context: the application goes on.
 */
export function startOperation(
  messaging: Messaging,
  description: OperationDescription,
  start: OperationStart,
): Operation {
  const { parent, links, startedAt, measurement } = start;
  try {
    if (messaging.isCertainlyUnsampled(parent)) return noOperation(parent, measurement);
    const { details, own } = description;
    const { semconv } = messaging;
    const prepared = messaging.operations.get(description, start.kind);
    const { spans, context } = startPreparedSpans(
      messaging.tracer,
      prepared,
      {
        own: own && toVersion(own, semconv),
        links: links && linksInVersion(links, semconv),
        startTime: startedAt?.start,
      },
      parent,
      messaging.fastPath,
    );
    const operation = new Operation(context, spans, semconv, startedAt, measurement);
    if (details !== undefined) operation.set(details);
    return operation;
  } catch (error) {
    reportFault('starting an operation', error);
    return noOperation(parent, measurement);
  }
}

function linksInVersion(links: Link[], semconv: SemconvVersion): Link[] {
  if (semconv === 'latest') return links;
  return links.map((link) =>
    link.attributes === undefined ? link : { ...link, attributes: toVersion(link.attributes, semconv) },
  );
}

/** An operation that leaves no trace, for where tracing is suppressed or failed; it may be measured all the same. */
export function noOperation(context: Context, measurement?: Measurement): Operation {
  return new Operation(context, noSpans, 'latest', undefined, measurement);
}

/** Several sets of attributes in one, the last one winning. Spreading them into one object would take ten times as long. @internal */
export function mergeAttributes(...sets: readonly (Attributes | undefined)[]): Attributes {
  const all: Attributes = {};
  for (const set of sets) for (const key in set) all[key] = set[key];
  return all;
}

function defined(attributes: Attributes): Attributes {
  const kept: Attributes = {};
  for (const key in attributes) if (attributes[key] !== undefined) kept[key] = attributes[key];
  return kept;
}
