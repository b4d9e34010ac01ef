// Defines the state that tracing keeps for a wrapped client and for each returned entry.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import { createStamp, type Incoming, Messaging, type Stamp } from '../messaging/index.ts';
import type { ReadRequest, EntrySource } from './entry-source.ts';
import { GroupLag } from './lag.ts';
import type { ReceivedMessage } from './message.ts';
import type { TraceRedisOptions } from './options.ts';

/** The minimum number of delivered entries that are remembered until their XACK. The oldest are dropped first. */
const deliveredLimit = 10_000;

interface Reply {
  readonly asked: ReadRequest;
  readonly entries: readonly ReceivedMessage[];
}

/** The state that a wrapped client shares with its duplicates. @internal */
export class StreamTracing {
  readonly messaging: Messaging;
  readonly options: TraceRedisOptions;
  /** Whether replies come without trace fields. */
  readonly hidesFields: boolean;
  /** Undefined unless lag is read from the server. */
  readonly lag: GroupLag | undefined;
  readonly #settles: boolean;
  readonly #delivered = new RecentMap<string, Incoming>(deliveredLimit);
  /** Replies whose entries are not in the map yet, and the number of entries in the newer ones. */
  #young: Reply[] = [];
  #old: Reply[] = [];
  #waiting = 0;

  constructor(options: TraceRedisOptions) {
    this.options = options;
    this.messaging = new Messaging('redis', 'traceRedis', options);
    this.hidesFields = options.hideFields !== false;
    this.lag = options.pollLag === true ? new GroupLag() : undefined;
    this.#settles = options.settleSpans !== false;
  }

  /** Stores the contexts that an XACK of these entries will link. */
  remember(asked: ReadRequest, entries: readonly ReceivedMessage[]): void {
    if (!this.#settles) return;
    // An unrecorded XACK needs no lookup, so unsampled entries are never added to the map.
    this.#young.push({ asked, entries });
    this.#waiting += entries.length;
    if (this.#waiting < deliveredLimit) return;
    this.#old = this.#young;
    this.#young = [];
    this.#waiting = 0;
  }

  /** Returns and removes the state of an entry that is acknowledged. */
  settle(stream: string, group: string, id: string): Incoming | undefined {
    if (this.#young.length > 0 || this.#old.length > 0) this.#index();
    const key = deliveryKey(stream, group, id);
    const known = this.#delivered.get(key);
    this.#delivered.delete(key);
    return known;
  }

  #index(): void {
    for (const { asked, entries } of [...this.#old, ...this.#young]) {
      const { group, noAck } = asked.group;
      // With NOACK an entry is acknowledged by being read; no XACK follows.
      if (group === undefined || noAck) continue;
      for (const { destination, creation, attributes, id } of entries) {
        if (destination === undefined || creation === undefined) continue;
        const key = deliveryKey(destination.name, group, id);
        this.#delivered.set(key, { context: ROOT_CONTEXT, creation, destination, attributes, sentAt: undefined });
      }
    }
    this.#young = [];
    this.#old = [];
    this.#waiting = 0;
  }
}

function deliveryKey(stream: string, group: string, id: string): string {
  return `${stream.length}:${stream}${group.length}:${group}${id}`;
}

/** The state of an entry that was returned to the application. @internal */
export interface ReceivedEntry {
  readonly source: EntrySource;
  readonly incoming: Incoming;
}

/** By the array of the entry, which the application gets unchanged. @internal */
export const receivedEntries: Stamp<ReceivedEntry> = createStamp();
