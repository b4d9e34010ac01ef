// Creates the create spans of a send of several messages, and the headers with their contexts.
import { type Attributes, type Context, type Link, type Span, type SpanContext, SpanKind } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { answered, reportFault } from '../common/faults.ts';
import { type PreparedTracer, preparedTracer } from '../common/prepared-span.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { FieldContext } from '../propagation/field-context.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import { addAttributes } from './operation.ts';
import { startOperation } from './start-operation.ts';
import type { Outgoing } from './producing.ts';
import { toVersion } from './semconv.ts';

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
  readonly #facts: Attributes | undefined;
  readonly #parent: Context;
  readonly #links: readonly Link[] | undefined;
  /** A tracer that starts prepared spans; undefined for any other tracer, and if an option needs more than that. */
  readonly #ours: PreparedTracer | undefined;
  /** The headers of a create span's context; those of the next one differ only by the span id. */
  #carried: CarriedHeaders | undefined;
  #carriedSpan: SpanContext | undefined;
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
    this.#facts = facts;
    this.#parent = parent;
    this.#links = links;
    const isPlain = messaging.isIgnored === undefined && messaging.content === undefined && links === undefined;
    this.#ours = messaging.fastPath && isPlain ? oursOf(messaging) : undefined;
  }

  /** Creates the create span of a message; returns the headers to send. */
  create(message: Outgoing<H>): H | undefined {
    const ours = this.#ours;
    const messaging = this.#messaging;
    if (ours === undefined) return this.#createAny(message);
    const { destination, headers, readOnlyHeaders } = message;
    let span: Span;
    try {
      const described = { name: 'create', type: 'create', destination, attributes: this.#facts } as const;
      const own = ownAttributes(messaging, message, this.#parent);
      span = ours.startPrepared(
        messaging.operations.get(described, SpanKind.PRODUCER),
        own && toVersion(own, messaging.semconv),
        undefined,
        undefined,
        this.#parent,
      );
    } catch (error) {
      reportFault('starting a span', error);
      this.created = undefined;
      return readOnlyHeaders ? undefined : messaging.inject(this.#adapter, headers, this.#parent, destination.name);
    }
    const carried = readOnlyHeaders ? undefined : this.#headersOf(message, span);
    try {
      span.end();
    } catch (error) {
      reportFault('ending a span', error);
    }
    this.created = span.spanContext();
    return carried;
  }

  #headersOf({ headers, destination }: Outgoing<H>, span: Span): H | undefined {
    const spanContext = span.spanContext();
    const text = this.#carriedSpan && this.#carried?.textFor(this.#carriedSpan, spanContext);
    if (text !== undefined) return this.#carried!.writeWith(this.#adapter, headers, text);
    const context = FieldContext.withSpan(this.#parent, span);
    this.#carried = this.#messaging.carried(context);
    this.#carriedSpan = spanContext;
    if (this.#carried !== undefined) return this.#carried.write(this.#adapter, headers);
    return this.#messaging.inject(this.#adapter, headers, context, destination.name);
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
        attributes: this.#facts,
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
