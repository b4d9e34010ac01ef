// One received message.
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
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
  /** When it was sent: milliseconds since the epoch; undefined where nothing tells. */
  readonly sentAt: number | undefined;
}

/**
 * A message that was read. What a span says of it is put together when a span records, which for most messages is never: a client
 * keeps in its own class what that takes.
 */
export abstract class Received implements Incoming {
  readonly context: Context;
  readonly creation: SpanContext | undefined;
  readonly destination: Destination | undefined;
  readonly linkOnly: boolean;
  #attributes: Attributes | undefined;

  /** Reads what the message carries. Never throws. */
  constructor(
    messaging: Messaging,
    // oxlint-disable-next-line typescript/no-explicit-any -- a constructor has no type parameters of its own
    adapter: CarrierAdapter<any>,
    headers: unknown,
    destination: Destination | undefined,
  ) {
    const { context, linkOnly } = messaging.receive(adapter, headers, destination?.name);
    this.context = context;
    this.creation = validSpanContext(context);
    this.destination = destination;
    this.linkOnly = linkOnly;
  }

  get attributes(): Attributes {
    return (this.#attributes ??= this.describe());
  }

  abstract get sentAt(): number | undefined;

  protected abstract describe(): Attributes;
}
