// Creates the create spans of a send of several messages, and the headers with their contexts.
import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { answered, reportFault } from '../common/faults.ts';
import { type PreparedSpan, type PreparedTracer, preparedTracer, type SpanSeries } from '../common/prepared-span.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { FieldContext } from '../propagation/field-context.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import { addAttributes } from './operation.ts';
import { startOperation } from './start-operation.ts';
import type { Outgoing } from './producing.ts';
import { toVersion } from './semconv.ts';

/** As many spans have one time: they are created within a fraction of a millisecond. */
const seriesAtMost = 128;

/** The attributes of only this message. */
export function ownAttributes<H>(
  messaging: Messaging,
  { attributes, destination }: Outgoing<H>,
  parent: Context,
): Attributes | undefined {
  return addAttributes(attributes, messaging.baggageAttributes('send', parent, destination.name));
}

/** Creates the create span of each message of one send. */
export class CreateSpans<H> {
  readonly #messaging: Messaging;
  readonly #adapter: CarrierAdapter<H>;
  readonly #described: { readonly name: 'create'; readonly attributes: Attributes | undefined };
  readonly #parent: Context;
  readonly #links: readonly Link[] | undefined;
  /** A tracer that starts prepared spans; undefined for any other tracer, and if an option needs more than that. */
  readonly #ours: PreparedTracer | undefined;
  /** The headers of a create span's context; those of the next one differ only by the span id. */
  #carried: CarriedHeaders | undefined;
  #carriedSpan: SpanContext | undefined;
  readonly #writesOnlyContext: boolean;
  #series: SpanSeries | undefined;
  /** The operation of the series. */
  #prepared: PreparedSpan | undefined;
  /** The number of spans after which the clock is read again. */
  #left = 0;
  /** The context of the message's create span; undefined if it has none. */
  created: SpanContext | undefined;

  /** @param links - of every create span. */
  constructor(
    messaging: Messaging,
    adapter: CarrierAdapter<H>,
    facts: Attributes | undefined,
    parent: Context,
    links?: readonly Link[],
  ) {
    this.#messaging = messaging;
    this.#adapter = adapter;
    this.#described = { name: 'create', attributes: facts };
    this.#parent = parent;
    this.#links = links;
    const isPlain = messaging.isIgnored === undefined && messaging.content === undefined && links === undefined;
    this.#ours = messaging.fastPath && isPlain ? oursOf(messaging) : undefined;
    this.#writesOnlyContext = messaging.writesOnlyContext;
  }

  /** Creates the create span of a message; returns the headers to send. */
  create(message: Outgoing<H>): H | undefined {
    const ours = this.#ours;
    if (ours === undefined) return this.#createAny(message);
    const messaging = this.#messaging;
    const { destination, readOnlyHeaders } = message;
    let span: Span;
    try {
      const own = ownAttributes(messaging, message, this.#parent);
      const attributes = own && toVersion(own, messaging.semconv);
      const prepared = messaging.operations.find('create', this.#described, destination, SpanKind.PRODUCER);
      const ended = this.#seriesOf(ours, prepared)?.add(attributes);
      if (ended !== undefined) {
        this.created = ended;
        return readOnlyHeaders ? undefined : this.#headersOf(message, ended);
      }
      span = ours.startPrepared(prepared, attributes, undefined, undefined, this.#parent);
    } catch (error) {
      reportFault('starting a span', error);
      this.created = undefined;
      return readOnlyHeaders
        ? undefined
        : messaging.inject(this.#adapter, message.headers, this.#parent, destination.name);
    }
    const spanContext = span.spanContext();
    const carried = readOnlyHeaders ? undefined : this.#headersOf(message, spanContext, span);
    try {
      span.end();
    } catch (error) {
      reportFault('ending a span', error);
    }
    this.created = spanContext;
    return carried;
  }

  /** The series of this operation; undefined for a propagator that may read the span. */
  #seriesOf(ours: PreparedTracer, prepared: PreparedSpan): SpanSeries | undefined {
    if (!this.#writesOnlyContext) return undefined;
    if (prepared !== this.#prepared || this.#left-- === 0) {
      this.#prepared = prepared;
      this.#left = seriesAtMost;
      this.#series = ours.series?.(prepared, this.#parent);
    }
    return this.#series;
  }

  /** @param span - default: one that only has the context, which is all that these headers depend on. */
  #headersOf(message: Outgoing<H>, spanContext: SpanContext, span?: Span): H | undefined {
    const { headers } = message;
    const text = this.#carriedSpan && this.#carried?.textFor(this.#carriedSpan, spanContext);
    if (text !== undefined) return this.#carried!.writeWith(this.#adapter, headers, text);
    const context = FieldContext.withSpan(this.#parent, span ?? trace.wrapSpanContext(spanContext));
    this.#carried = this.#messaging.carried(context);
    this.#carriedSpan = spanContext;
    if (this.#carried !== undefined) return this.#carried.write(this.#adapter, headers);
    return this.#messaging.inject(this.#adapter, headers, context, message.destination.name);
  }

  #createAny(message: Outgoing<H>): H | undefined {
    const messaging = this.#messaging;
    const { destination, headers, readOnlyHeaders } = message;
    const create = startOperation(
      messaging,
      {
        name: 'create',
        type: 'create',
        destination,
        attributes: this.#described.attributes,
        own: ownAttributes(messaging, message, this.#parent),
      },
      { kind: SpanKind.PRODUCER, parent: this.#parent, links: this.#links?.slice() },
    );
    messaging.content?.sent(create, destination, message);
    const carried = readOnlyHeaders
      ? undefined
      : messaging.inject(this.#adapter, headers, create.context, destination.name);
    create.end();
    this.created = create.span && validSpanContext(create.context);
    return carried;
  }
}

/** The tracer of this client, if it can start prepared spans. Never throws. */
export function oursOf(messaging: Messaging): PreparedTracer | undefined {
  try {
    return preparedTracer(answered(messaging.tracer()));
  } catch {
    // The next span tries again, and its fault is counted.
    return undefined;
  }
}
