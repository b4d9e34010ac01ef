import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ID,
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  guard,
} from '../messaging/index.ts';
import type { KafkaConsumerTraceOptions } from './options.ts';
import type { ConsumerLike, ProducerLike } from './types.ts';

/** Takes one event's payload; true once it has learned all it can. */
type Learn = (payload: Record<string, unknown>) => boolean;

/**
 * What is known of one producer or consumer. kafkajs' objects tell neither client id nor group nor brokers; their events do, and
 * each is listened to for as long as it can tell something new. What is unknown is left out.
 */
export class ClientAttributes {
  /** Attributes of every operation, known at its start. */
  attributes: Attributes;
  /**
   * The broker's address, while all requests so far went to one broker. An operation that has had its answer was with that broker;
   * one that only begins may turn to another.
   */
  broker: Attributes | undefined;
  readonly #serverGiven: boolean;
  #onlyBroker: string | undefined;

  constructor(client: ProducerLike | ConsumerLike, options: KafkaConsumerTraceOptions, isConsumer: boolean) {
    this.attributes = {
      ...(options.clientId !== undefined && { [ATTR_CLIENT_ID]: options.clientId }),
      ...(options.groupId !== undefined && { [ATTR_CONSUMER_GROUP_NAME]: options.groupId }),
      ...(options.server !== undefined && serverAttributes(options.server.address, options.server.port)),
    };
    this.#serverGiven = options.server !== undefined;
    guard('listening to kafkajs events', () => {
      if (options.clientId === undefined || !this.#serverGiven) {
        listen(client, 'REQUEST', (payload) => this.#request(payload));
      }
      if (isConsumer && options.groupId === undefined) {
        listen(client, 'GROUP_JOIN', ({ groupId }) => {
          if (typeof groupId === 'string') this.#add({ [ATTR_CONSUMER_GROUP_NAME]: groupId });
          return true;
        });
      }
    });
  }

  #request({ clientId, broker }: Record<string, unknown>): boolean {
    if (this.attributes[ATTR_CLIENT_ID] === undefined && typeof clientId === 'string') {
      this.#add({ [ATTR_CLIENT_ID]: clientId });
    }
    if (this.#serverGiven || typeof broker !== 'string') return true;
    if (this.#onlyBroker === undefined) {
      this.#onlyBroker = broker;
      const colon = broker.lastIndexOf(':');
      this.broker = serverAttributes(broker.slice(0, colon), Number(broker.slice(colon + 1)));
    }
    if (broker === this.#onlyBroker) return false;
    this.broker = undefined;
    return true;
  }

  #add(attributes: Attributes): void {
    this.attributes = { ...this.attributes, ...attributes };
  }
}

function serverAttributes(address: string, port: number | undefined): Attributes {
  return {
    [ATTR_SERVER_ADDRESS]: address,
    ...(port !== undefined && Number.isInteger(port) && { [ATTR_SERVER_PORT]: port }),
  };
}

/** Listens until there is nothing more to learn. */
function listen(client: ProducerLike | ConsumerLike, event: string, learn: Learn): void {
  const name = (client.events as Record<string, string> | undefined)?.[event];
  if (name === undefined || client.on === undefined) return;
  const emitter = client as { on(name: string, listener: (event: { payload?: unknown }) => void): unknown };
  const remove = emitter.on(name, ({ payload }) => {
    const done = guard('reading a kafkajs event', () => learn((payload ?? {}) as Record<string, unknown>)) ?? true;
    if (done && typeof remove === 'function') (remove as () => void)();
  });
}
