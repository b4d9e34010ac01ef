// A received message of no client in particular, for tests.
import type { Attributes } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../../carriers/adapter.ts';
import { type Destination, type Incoming, type Messaging, Received } from '../index.ts';

interface Facts {
  destination?: Destination | undefined;
  attributes?: Attributes;
  sentAt?: number | undefined;
}

class TestMessage extends Received {
  readonly #facts: Facts;

  constructor(messaging: Messaging, adapter: CarrierAdapter<never>, headers: unknown, facts: Facts) {
    super(messaging, adapter, headers, facts.destination);
    this.#facts = facts;
  }

  get sentAt(): number | undefined {
    return this.#facts.sentAt;
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
  return new TestMessage(messaging, adapter as unknown as CarrierAdapter<never>, headers, facts);
}
