// What is known of the client and the broker that a producer or consumer talks to.
import type { Attributes } from '@opentelemetry/api';
import { ATTR_CLIENT_ID, ATTR_CONSUMER_GROUP_NAME, guard, serverAttributes } from '../messaging/index.ts';
import type { TraceKafkaConsumerOptions } from './options.ts';
import type { ConsumerLike, ProducerLike } from './types.ts';

/** Takes one event's payload; true once it has learned all it can. */
type Learn = (payload: Record<string, unknown>) => boolean;

/**
 * Client id, group and broker of one producer or consumer. kafkajs' objects do not tell them, but their events do; each event is
 * listened to for as long as it can tell something new. What is unknown is omitted.
 */
export class Connection {
  /** Attributes of every operation, given at its start. Replaced, never changed, when more is known. */
  attributes: Attributes;
  #client: Attributes;
  /** The broker, while all requests so far went to one. With several, an operation's broker is not known. */
  #broker: Attributes | undefined;
  /** The second broker that was met, for operations that were started when only one was known. */
  #other: Attributes | undefined;
  #onlyBroker: string | undefined;
  readonly #serverGiven: boolean;

  constructor(client: ProducerLike | ConsumerLike, options: TraceKafkaConsumerOptions, isConsumer: boolean) {
    this.#serverGiven = options.server !== undefined;
    this.#client = serverAttributes(options.server?.address, options.server?.port);
    if (options.clientId !== undefined) this.#client[ATTR_CLIENT_ID] = options.clientId;
    if (options.groupId !== undefined) this.#client[ATTR_CONSUMER_GROUP_NAME] = options.groupId;
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
   * What the end of an operation tells beyond its start: the broker, if it was not known at the start; the other one, if the
   * operation turned out to be with that.
   *
   * @param atStart - the attributes that the operation was started with.
   */
  learnedSince(atStart: Attributes): Attributes | undefined {
    if (atStart === this.attributes) return undefined;
    return this.#broker ?? this.#other;
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

/** Listens until there is nothing more to learn. */
export function listen(client: ProducerLike | ConsumerLike, event: string, learn: Learn): void {
  const name = (client.events as Record<string, string> | undefined)?.[event];
  if (name === undefined || client.on === undefined) return;
  const emitter = client as { on(name: string, listener: (event: { payload?: unknown }) => void): unknown };
  const remove = emitter.on(name, ({ payload }) => {
    const done = guard('reading a kafkajs event', () => learn((payload ?? {}) as Record<string, unknown>)) ?? true;
    if (done && typeof remove === 'function') (remove as () => void)();
  });
}

/** Calls `fired` at the first event of a name, once. */
export function onFirst(client: ProducerLike | ConsumerLike, event: string, fired: () => void): void {
  listen(client, event, () => {
    fired();
    return true;
  });
}
