// One received message.
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import { type Messaging, validSpanContext } from './messaging.ts';
import type { Destination } from './operation.ts';

/** One received message: what it carries, and what is said of it. */
export interface Incoming {
  /** The root context with what the message carries: its creation context and its baggage. */
  readonly context: Context;
  /** The creation context; undefined where the message carries no valid one. */
  readonly creation: SpanContext | undefined;
  readonly destination: Destination | undefined;
  /** What is particular to this message: on its own span, or on its link from a batch. */
  readonly attributes: Attributes | undefined;
  /** Its trace is linked and not continued, whatever the `parenting` option says: it is not trusted that far. */
  readonly linkOnly?: boolean | undefined;
  /** When it was sent, or was to be delivered: milliseconds since the epoch; undefined where nothing tells. */
  readonly sentAt: number | undefined;
  /** Which delivery of the message it is, from 1, where the message itself tells. */
  readonly attempt?: number | undefined;
}

/**
 * A received message. What it carries is read when it is first asked for, which for a message of a batch without a span may be never.
 * What a span says of it is put together when a span records, which for most messages is never: a client keeps in its own class what
 * that takes.
 */
export abstract class Received implements Incoming {
  readonly destination: Destination | undefined;
  protected readonly messaging: Messaging;
  #context: Context | undefined = undefined;
  #linkOnly = false;
  #attributes: Attributes | undefined = undefined;

  constructor(messaging: Messaging, destination: Destination | undefined) {
    this.messaging = messaging;
    this.destination = destination;
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

  abstract get sentAt(): number | undefined;

  /** Reads now what the message carries. Never throws. */
  read(): Context {
    const carried = this.extract();
    const admitted = this.messaging.admit(carried, this.destination?.name);
    const context = admitted === undefined ? carried : admitted.context;
    this.#linkOnly = admitted !== undefined && admitted.linkOnly;
    this.#context = context;
    return context;
  }

  /** What the headers of the message hold. */
  protected abstract extract(): Context;

  protected abstract describe(): Attributes;
}
