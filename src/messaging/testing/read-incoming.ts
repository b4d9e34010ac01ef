// Creates received messages without a client, for tests.
import type { Attributes, Context } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../../carriers/adapter.ts';
import { type Destination, type Incoming, type Messaging, Received } from '../index.ts';

interface Facts {
  destination?: Destination | undefined;
  attributes?: Attributes;
  sentAt?: number | undefined;
}

class TestMessage extends Received {
  readonly #adapter: CarrierAdapter<never>;
  readonly #headers: unknown;
  readonly #facts: Facts;

  constructor(messaging: Messaging, adapter: CarrierAdapter<never>, headers: unknown, facts: Facts) {
    super(messaging, facts.destination);
    this.#adapter = adapter;
    this.#headers = headers;
    this.#facts = facts;
  }

  protected extract(): Context {
    return this.messaging.extract(this.#adapter, this.#headers as never);
  }

  readSentAt(into: Float64Array): void {
    into[0] = this.#facts.sentAt ?? Number.NaN;
  }

  protected describe(): Attributes {
    return this.#facts.attributes ?? {};
  }
}

export function readIncoming<H>(
  messaging: Messaging,
  adapter: CarrierAdapter<H>,
  headers: H | null | undefined,
  facts: Facts,
): Incoming {
  const message = new TestMessage(messaging, adapter as unknown as CarrierAdapter<never>, headers, facts);
  if (!messaging.readsLate) message.read();
  return message;
}
