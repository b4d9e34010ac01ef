// Defines a received message as operations use it.
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import type { MessageContent } from './message-view.ts';
import { type Messaging, validSpanContext } from './messaging.ts';
import type { Destination } from './operation.ts';

/** One received message: its context and its attributes. */
export interface Incoming {
  /** The root context with the message's creation context and baggage. */
  readonly context: Context;
  /** The creation context; undefined if the message has no valid one. */
  readonly creation: SpanContext | undefined;
  readonly destination: Destination | undefined;
  /** The attributes of this message: set on its own span, or on its link from a batch. */
  readonly attributes: Attributes | undefined;
  /** Its trace is linked and not continued, for any `parenting` option, because of the trust settings. */
  readonly linkOnly?: boolean | undefined;
  /** The time of sending, or of intended delivery, in milliseconds since the epoch; undefined if unknown. */
  readonly sentAt: number | undefined;
  /** Stores {@link sentAt}, or NaN if it is unknown: a number that is returned may be allocated. */
  readSentAt?(into: Float64Array): void;
  /** The number of the delivery, counted from 1, if the message contains it. */
  readonly attempt?: number | undefined;
  /** The content, if an option looks into messages and the client has it. */
  readonly content?: MessageContent | undefined;
}

/** The data of a message that its settlement needs. */
export type Settled = Pick<Incoming, 'creation' | 'destination' | 'attributes'>;

const time = new Float64Array(1);

/**
 * A received message. Its context is read on first access, which may never happen for a message of a batch without a span. Its
 * attributes are built only if a span records, which for most messages is never: each client defines a subclass with the data that
 * it needs for that.
 */
export abstract class Received implements Incoming {
  readonly destination: Destination | undefined;
  protected readonly messaging: Messaging;
  #context: Context | undefined;
  #linkOnly = false;
  #attributes: Attributes | undefined = undefined;

  /** @param context - what {@link Messaging.extractPlain} has returned, if it has been called. */
  constructor(messaging: Messaging, destination: Destination | undefined, context?: Context) {
    this.messaging = messaging;
    this.destination = destination;
    this.#context = context;
  }

  get context(): Context {
    return this.#context ?? this.read();
  }

  get linkOnly(): boolean {
    if (this.#context === undefined) this.read();
    return this.#linkOnly;
  }

  get creation(): SpanContext | undefined {
    return validSpanContext(this.context);
  }

  get attributes(): Attributes {
    return (this.#attributes ??= this.describe());
  }

  get sentAt(): number | undefined {
    this.readSentAt(time);
    return Number.isNaN(time[0]) ? undefined : time[0];
  }

  abstract readSentAt(into: Float64Array): void;

  /** Read only if an option looks into messages. */
  get content(): MessageContent | undefined {
    return undefined;
  }

  /** Reads the context of the message now. Never throws. */
  read(): Context {
    const carried = this.extract();
    const admitted = this.messaging.admit(carried, this.destination?.name);
    const context = admitted === undefined ? carried : admitted.context;
    this.#linkOnly = admitted !== undefined && admitted.linkOnly;
    this.#context = context;
    return context;
  }

  /** The context in the headers of the message. */
  protected abstract extract(): Context;

  protected abstract describe(): Attributes;
}
