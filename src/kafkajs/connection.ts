// Collects the attributes of a producer's or consumer's client and broker.
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ID,
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_KAFKA_CLUSTER_ID,
  guard,
  mergeAttributes,
  serverAttributes,
} from '../messaging/index.ts';
import type { TraceKafkaConsumerOptions } from './options.ts';
import type { ConsumerLike, ProducerLike } from './types.ts';

/** Handles the payload of an event; returns true if no further event is needed. */
type Learn = (payload: Record<string, unknown>) => boolean;

/**
 * Client id, group and broker of one producer or consumer. kafkajs' objects do not expose them, but their events do. A listener is
 * removed as soon as further events cannot add anything. Unknown values are omitted.
 */
export class Connection {
  /** Attributes for the start of every operation. When more is known, the object is replaced, never modified. */
  attributes: Attributes;
  #client: Attributes;
  /** Undefined before the first request, and after requests to several brokers: which one handles an operation is then unknown. */
  #broker: Attributes | undefined;
  /** The second broker: an operation that started when only the first was known may have used it. */
  #other: Attributes | undefined;
  #onlyBroker: string | undefined;
  readonly #serverGiven: boolean;

  constructor(client: ProducerLike | ConsumerLike, options: TraceKafkaConsumerOptions, isConsumer: boolean) {
    this.#serverGiven = options.server !== undefined;
    this.#client = serverAttributes(options.server?.address, options.server?.port);
    if (options.clientId !== undefined) this.#client[ATTR_CLIENT_ID] = options.clientId;
    if (options.groupId !== undefined) this.#client[ATTR_CONSUMER_GROUP_NAME] = options.groupId;
    if (typeof options.clusterId === 'string') this.#client[ATTR_KAFKA_CLUSTER_ID] = options.clusterId;
    this.attributes = this.#client;
    guard('listening to kafkajs events', () => {
      if (options.clientId === undefined || !this.#serverGiven) {
        listen(client, 'REQUEST', (payload) => this.#request(payload));
      }
      if (isConsumer && options.groupId === undefined) {
        listen(client, 'GROUP_JOIN', ({ groupId }) => {
          if (typeof groupId === 'string') this.#learn({ ...this.#client, [ATTR_CONSUMER_GROUP_NAME]: groupId });
          return true;
        });
      }
    });
  }

  /**
   * Additional attributes at the end of an operation: the broker, if it was unknown at the start; or the second broker, if it was
   * learned during the operation.
   *
   * @param atStart - the attributes with which the operation was started.
   */
  learnedSince(atStart: Attributes): Attributes | undefined {
    if (atStart === this.attributes) return undefined;
    return this.#broker ?? this.#other;
  }

  learnCluster(id: string | undefined): void {
    if (id !== undefined) this.#learn(mergeAttributes(this.#client, { [ATTR_KAFKA_CLUSTER_ID]: id }));
  }

  #request({ clientId, broker }: Record<string, unknown>): boolean {
    if (this.#client[ATTR_CLIENT_ID] === undefined && typeof clientId === 'string') {
      this.#learn({ ...this.#client, [ATTR_CLIENT_ID]: clientId });
    }
    if (this.#serverGiven || typeof broker !== 'string' || this.#other !== undefined) return true;
    if (broker === this.#onlyBroker) return false;
    const colon = broker.lastIndexOf(':');
    const server = serverAttributes(broker.slice(0, colon), Number(broker.slice(colon + 1)));
    if (this.#onlyBroker === undefined) {
      this.#onlyBroker = broker;
      this.#broker = server;
    } else {
      this.#broker = undefined;
      this.#other = server;
    }
    this.#learn(this.#client);
    return this.#other !== undefined;
  }

  #learn(client: Attributes): void {
    this.#client = client;
    this.attributes = this.#broker === undefined ? client : { ...client, ...this.#broker };
  }
}

/** Listens to an event until `learn` returns true. */
export function listen(client: ProducerLike | ConsumerLike, event: string, learn: Learn): void {
  const name = (client.events as Record<string, string> | undefined)?.[event];
  if (name === undefined || client.on === undefined) return;
  const emitter = client as { on(name: string, listener: (event: { payload?: unknown }) => void): unknown };
  const remove = emitter.on(name, ({ payload }) => {
    const done = guard('reading a kafkajs event', () => learn((payload ?? {}) as Record<string, unknown>)) ?? true;
    if (done && typeof remove === 'function') (remove as () => void)();
  });
}

/** Calls `fired` once, at the first event with a name. */
export function onFirst(client: ProducerLike | ConsumerLike, event: string, fired: () => void): void {
  listen(client, event, () => {
    fired();
    return true;
  });
}
