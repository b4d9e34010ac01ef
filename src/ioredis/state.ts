// What one wrapped client, and each entry that it returned, remembers.
import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import { ATTR_MESSAGE_ID, createStamp, type Incoming, Messaging, type Stamp } from '../messaging/index.ts';
import type { TraceRedisOptions } from './options.ts';

/** How many delivered entries are remembered until their XACK, at least. The oldest are forgotten first. */
const deliveredLimit = 10_000;

/** The state that a wrapped client shares with its duplicates. @internal */
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

  /** Remembers what an XACK of this entry will link. */
  remember(group: string, { destination, creation, attributes }: Incoming): void {
    const id = attributes?.[ATTR_MESSAGE_ID];
    if (!this.#settles || destination === undefined || creation === undefined || typeof id !== 'string') return;
    const key = deliveryKey(destination.name, group, id);
    this.#delivered.set(key, { context: ROOT_CONTEXT, creation, destination, attributes, sentAt: undefined });
  }

  /** Returns what is remembered of an entry that is being acknowledged, and forgets it. */
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

/** What is kept of an entry that was returned to the application. @internal */
export interface ReceivedEntry {
  readonly tracing: StreamTracing;
  readonly incoming: Incoming;
  /** The attributes of every message of its reply. */
  readonly attributes: Attributes;
}

/** By the array of the entry, which the application gets unchanged. @internal */
export const receivedEntries: Stamp<ReceivedEntry> = createStamp();
