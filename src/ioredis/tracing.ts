import { type Attributes, type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  guard,
  type Incoming,
  Messaging,
  readIncoming,
} from '../messaging/index.ts';
import { propagatorFields } from '../propagation/header-families.ts';
import { RecentMap } from '../common/recent-map.ts';
import type { TraceRedisOptions } from './options.ts';
import type { ReplyEntry } from './replies.ts';
import type { Client } from './types.ts';

/** How many delivered entries are remembered at least until their XACK, the oldest being forgotten first. */
const deliveredLimit = 10_000;

/** What a client and its duplicates have in common. @internal */
export class StreamTracing {
  readonly messaging: Messaging;
  readonly options: TraceRedisOptions;
  readonly #delivered = new RecentMap<string, Incoming>(deliveredLimit);

  constructor(options: TraceRedisOptions) {
    this.options = options;
    this.messaging = new Messaging('redis', 'traceRedis', options);
  }

  /**
   * Reads what an entry carries and, by the `hideFields` option, takes the trace fields off it. Undefined where it cannot be read; the
   * other entries of its reply are not affected.
   *
   * @param attributes - what is said of each message of its reply: group, consumer, server.
   */
  receive({ entry, stream }: ReplyEntry, attributes: Attributes): Incoming | undefined {
    const fields = Array.isArray(entry[1]) ? (entry[1] as RedisFields) : undefined;
    const incoming = guard('reading a stream entry', () => {
      const read = incomingOf(this.messaging, entry, fields, stream);
      received.set(entry, { tracing: this, incoming: read, attributes });
      return read;
    });
    if (fields !== undefined) this.hide(fields);
    return incoming;
  }

  /** Takes the trace fields off an entry, by the `hideFields` option. */
  hide(fields: RedisFields): void {
    if (this.options.hideFields === false) return;
    guard('hiding trace fields', () => {
      fields.length = redisFields.trailingRun(fields, propagatorFields(this.messaging.propagator));
    });
  }

  /** Keeps what an XACK of this entry is to link. */
  remember(group: string, { destination, creation, attributes }: Incoming): void {
    const id = attributes?.[ATTR_MESSAGE_ID];
    if (destination === undefined || creation === undefined || typeof id !== 'string') return;
    const key = deliveryKey(destination.name, group, id);
    this.#delivered.set(key, { context: ROOT_CONTEXT, creation, destination, attributes, sentAt: undefined });
  }

  /** What is known of an entry that is being acknowledged; it is forgotten. */
  settle(stream: string, group: string, id: string): Incoming | undefined {
    const key = deliveryKey(stream, group, id);
    const known = this.#delivered.get(key);
    this.#delivered.delete(key);
    return known;
  }
}

/** What is kept of a received entry for `processMessage`. @internal */
export interface Received {
  tracing: StreamTracing;
  incoming: Incoming;
  attributes: Attributes;
}

/** By the entry's array, which the application gets as it is here. @internal */
export const received: WeakMap<object, Received> = new WeakMap();

/** @internal */
export function incomingOf(
  messaging: Messaging,
  entry: readonly unknown[],
  fields: RedisFields | undefined,
  stream: string | undefined,
): Incoming {
  const id = String(entry[0]);
  // XREADGROUP with CLAIM (Redis 8.4) adds how long the entry had been idle, and how often it was delivered before.
  const deliveries = entry.length === 4 ? Number(entry[3]) : Number.NaN;
  return readIncoming(messaging, redisFields, fields, {
    destination: stream === undefined ? undefined : { name: stream },
    attributes: {
      [ATTR_MESSAGE_ID]: id,
      ...(Number.isSafeInteger(deliveries) && { [ATTR_MESSAGE_DELIVERY_ATTEMPT]: deliveries + 1 }),
    },
    sentAt: sentAtOf(id),
  });
}

/** Ids are made of the server's clock unless the writer gives its own (`1-0`), which are told from times by being before 2001. */
function sentAtOf(id: string): number | undefined {
  const ms = Number(id.split('-', 1)[0]);
  return ms >= 1e12 && ms < 1e15 ? ms : undefined;
}

function deliveryKey(stream: string, group: string, id: string): string {
  return `${stream.length}:${stream}${group.length}:${group}${id}`;
}

/** One client: its server, and the calls made on it. @internal */
export class Connection {
  readonly tracing: StreamTracing;
  readonly client: Client;
  readonly server: Attributes;

  constructor(tracing: StreamTracing, client: Client) {
    this.tracing = tracing;
    this.client = client;
    this.server = serverOf(client);
  }
}

/** Behind a Cluster or sentinels the server changes; nothing is said of it. */
function serverOf({ isCluster, options }: Client): Attributes {
  if (isCluster === true || options.sentinels) return {};
  if (typeof options.path === 'string') return { [ATTR_SERVER_ADDRESS]: options.path };
  const port = Number(options.port);
  return {
    ...(typeof options.host === 'string' && { [ATTR_SERVER_ADDRESS]: options.host }),
    ...(Number.isInteger(port) && { [ATTR_SERVER_PORT]: port }),
  };
}

/** A stream command under way. Each method is called at most once, `send` first. @internal */
export interface StreamCall {
  /** Right before the command is first sent; it may change its arguments. Gives the context to send it in. */
  send(): Context;
  succeed(reply: unknown): void;
  fail(error: unknown, type?: string): void;
  /** Takes off an error, which is the application's, what tracing put there. */
  clean?(error: unknown): void;
  /** It neither succeeded nor failed as far as can be told. */
  leave(): void;
}
