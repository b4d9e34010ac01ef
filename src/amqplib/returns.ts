// Handles messages that the broker returns to their publisher.
import { type Messaging, type Operation, validSpanContext } from '../messaging/index.ts';
import { carrierFor } from './message.ts';

/** Publishes to one address whose messages carry the same context: of unsampled siblings there may be many. */
interface Alike {
  /** In the order of the publishes, in which the broker returns them. */
  operations: Operation[];
  /** The index of the first one that may not have ended. */
  first: number;
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

/** So many publishes are kept before ended ones are looked for. */
const fewest = 64;

/**
 * The mandatory publishes of a confirm channel that wait for their confirm. The broker returns a message before it confirms it. There
 * may be very many, most of which are only confirmed: a publish and a return take the same time for any number of them.
 */
export class Returns {
  readonly #waiting = new Map<string, Alike>();
  readonly #messaging: Messaging;
  #size = 0;
  /** At this size, ended publishes are removed: each is visited about once. */
  #limit = fewest;

  constructor(messaging: Messaging) {
    this.#messaging = messaging;
  }

  /** Whether no publish can be returned. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  publish(operation: Operation, exchange: unknown, routingKey: unknown, options: MandatoryOptions): void {
    if (!operation.isObserved || operation.ended) return;
    if (this.#size >= this.#limit) this.#removeEnded();
    const key = this.#keyOf(exchange, routingKey, options);
    const alike = this.#waiting.get(key);
    if (alike === undefined) this.#waiting.set(key, { operations: [operation], first: 0 });
    else alike.operations.push(operation);
    this.#size++;
  }

  /** Fails the publish of a returned message. The confirm that follows has no further effect. */
  returned({ fields, properties }: ReturnedMessage): void {
    if (this.#size === 0) return;
    const { exchange, routingKey, replyText } = fields;
    const key = this.#keyOf(exchange, routingKey, properties ?? {});
    const publish = this.#take(key);
    const reason = typeof replyText === 'string' && replyText !== '' ? replyText : 'returned';
    publish?.fail(new Error(`message returned: ${reason}`), reason);
  }

  /** Forgets all publishes, because none of them waits any more. */
  clear(): void {
    if (this.#size === 0) return;
    this.#waiting.clear();
    this.#size = 0;
    this.#limit = fewest;
  }

  /** Removes and returns the first publish with this key that has not ended. */
  #take(key: string): Operation | undefined {
    const alike = this.#waiting.get(key);
    if (alike === undefined) return undefined;
    const { operations } = alike;
    let found: Operation | undefined;
    while (found === undefined && alike.first < operations.length) {
      const next = operations[alike.first++]!;
      this.#size--;
      if (!next.ended) found = next;
    }
    if (alike.first === operations.length) this.#waiting.delete(key);
    return found;
  }

  #removeEnded(): void {
    this.#size = 0;
    for (const [key, alike] of this.#waiting) {
      alike.operations = alike.operations.slice(alike.first).filter(({ ended }) => !ended);
      alike.first = 0;
      if (alike.operations.length === 0) this.#waiting.delete(key);
      this.#size += alike.operations.length;
    }
    this.#limit = Math.max(fewest, 2 * this.#size);
  }

  /** By address, and the context that the message carries. */
  #keyOf(exchange: unknown, routingKey: unknown, { headers, contentType }: MandatoryOptions): string {
    const carried = typeof headers === 'object' && headers !== null ? headers : undefined;
    const creation = validSpanContext(this.#messaging.extract(carrierFor(contentType), carried as never));
    const ids = creation === undefined ? '' : creation.traceId + creation.spanId;
    const name = String(exchange);
    return `${ids}:${name.length}:${name}${String(routingKey)}`;
  }
}
