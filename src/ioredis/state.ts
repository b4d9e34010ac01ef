import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import { ATTR_MESSAGE_ID, createStamp, type Incoming, Messaging, type Stamp } from '../messaging/index.ts';
import type { TraceRedisOptions } from './options.ts';

/** How many delivered entries are remembered at least until their XACK, the oldest being forgotten first. */
const deliveredLimit = 10_000;

/** What a wrapped client and its duplicates remember together. @internal */
export class StreamTracing {
  readonly messaging: Messaging;
  readonly options: TraceRedisOptions;
  /** Whether replies come without trace fields. */
  readonly hidesFields: boolean;
  readonly #settles: boolean;
  readonly #delivered = new RecentMap<string, Incoming>(deliveredLimit);

  constructor(options: TraceRedisOptions) {
    this.options = options;
    this.messaging = new Messaging('redis', 'traceRedis', options);
    this.hidesFields = options.hideFields !== false;
    this.#settles = options.settleSpans !== false;
  }

  /** Keeps what an XACK of this entry is to link. */
  remember(group: string, { destination, creation, attributes }: Incoming): void {
    const id = attributes?.[ATTR_MESSAGE_ID];
    if (!this.#settles || destination === undefined || creation === undefined || typeof id !== 'string') return;
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

function deliveryKey(stream: string, group: string, id: string): string {
  return `${stream.length}:${stream}${group.length}:${group}${id}`;
}

/** What is known of an entry that the application was given. @internal */
export interface ReceivedEntry {
  readonly tracing: StreamTracing;
  readonly incoming: Incoming;
  /** The attributes of every message of its reply. */
  readonly attributes: Attributes;
}

/** On the entry's array, which the application gets as it is. @internal */
export const receivedEntries: Stamp<ReceivedEntry> = createStamp();
