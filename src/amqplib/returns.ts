// Handles messages that the broker returns to their publisher.
import type { SpanContext } from '@opentelemetry/api';
import { type Messaging, type Operation, validSpanContext } from '../messaging/index.ts';
import { carrierFor } from './message.ts';

/** The common properties of a publish and a returned message. */
interface Addressed {
  readonly exchange: unknown;
  readonly routingKey: unknown;
  /** The context that the message carries. */
  readonly creation: SpanContext | undefined;
}

interface Mandatory extends Addressed {
  readonly operation: Operation;
}

/** The options of a publish whose message is to be returned if it cannot be routed to a queue. */
export interface MandatoryOptions {
  readonly mandatory?: unknown;
  readonly headers?: unknown;
  readonly contentType?: unknown;
}

/** A message in a `return` event. */
export interface ReturnedMessage {
  readonly fields: { readonly exchange: string; readonly routingKey: string; readonly replyText?: unknown };
  readonly properties?: MandatoryOptions;
}

/** The mandatory publishes of a confirm channel that wait for their confirm. The broker returns a message before it confirms it. */
export class Returns {
  /** In the order of the publishes, in which the broker returns them. Unsampled siblings carry the same context. */
  readonly #waiting: Mandatory[] = [];
  readonly #messaging: Messaging;

  constructor(messaging: Messaging) {
    this.#messaging = messaging;
  }

  /** Whether no publish can be returned. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  publish(operation: Operation, exchange: unknown, routingKey: unknown, options: MandatoryOptions): void {
    if (!operation.isObserved || operation.ended) return;
    while (this.#waiting[0]?.operation.ended === true) this.#waiting.shift();
    this.#waiting.push({ operation, exchange, routingKey, creation: this.#creation(options) });
  }

  /** Fails the publish of a returned message. The confirm that follows has no further effect. */
  returned({ fields, properties }: ReturnedMessage): void {
    if (this.#waiting.length === 0) return;
    const { exchange, routingKey, replyText } = fields;
    const found = { exchange, routingKey, creation: this.#creation(properties ?? {}) };
    const at = this.#waiting.findIndex((one) => !one.operation.ended && isSame(one, found));
    const [publish] = at < 0 ? [] : this.#waiting.splice(at, 1);
    const reason = typeof replyText === 'string' && replyText !== '' ? replyText : 'returned';
    publish?.operation.fail(new Error(`message returned: ${reason}`), reason);
  }

  #creation({ headers, contentType }: MandatoryOptions): SpanContext | undefined {
    const carried = typeof headers === 'object' && headers !== null ? headers : undefined;
    return validSpanContext(this.#messaging.extract(carrierFor(contentType), carried as never));
  }
}

function isSame(one: Addressed, other: Addressed): boolean {
  return (
    one.exchange === other.exchange &&
    one.routingKey === other.routingKey &&
    one.creation?.spanId === other.creation?.spanId &&
    one.creation?.traceId === other.creation?.traceId
  );
}
