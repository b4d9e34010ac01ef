// Defines the state that tracing keeps for a wrapped client and for each returned entry.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { ATTR_MESSAGE_ID, createStamp, type Incoming, Messaging, type Stamp } from '../messaging/index.ts';
import { parsePlainTraceparent } from '../propagation/plain-traceparent.ts';
import { text } from './arguments.ts';
import { UnsettledEntries } from './unsettled-entries.ts';
import type { ReadRequest, EntrySource } from './entry-source.ts';
import { GroupLag } from './lag.ts';
import type { ReceivedMessage } from './message.ts';
import type { TraceRedisOptions } from './options.ts';

/** The state that a wrapped client shares with its duplicates. @internal */
export class StreamTracing {
  readonly messaging: Messaging;
  readonly options: TraceRedisOptions;
  /** Whether replies come without trace fields. */
  readonly hidesFields: boolean;
  /** Undefined unless lag is read from the server. */
  readonly lag: GroupLag | undefined;
  readonly #settles: boolean;
  readonly #unsettled = new UnsettledEntries();

  constructor(options: TraceRedisOptions) {
    this.options = options;
    this.messaging = new Messaging('redis', 'traceRedis', options);
    this.hidesFields = options.hideFields !== false;
    this.lag = options.pollLag === true ? new GroupLag() : undefined;
    this.#settles = options.settleSpans !== false;
  }

  /**
   * Stores the creation contexts that an XACK of these entries will link.
   *
   * @param parent - the context of the command that returned them.
   */
  remember(asked: ReadRequest, entries: readonly ReceivedMessage[], parent: Context): void {
    if (!this.#settles) return;
    const { messaging } = this;
    // Where such commands have no span, an XACK has none either, unless it is sent within a sampled trace.
    const onlySampled = messaging.shouldSkipLeaf(parent) && messaging.isCertainlyDropped(ROOT_CONTEXT);
    for (const entry of entries) {
      const unsettled = entry.unsettled(onlySampled);
      if (unsettled === undefined || entry.destination === undefined) continue;
      const { group, noAck } = asked.group;
      // With NOACK an entry is acknowledged by being read; no XACK follows.
      if (group === undefined || noAck) return;
      this.#unsettled.set(entry.destination.name, group, entry.id, unsettled);
    }
  }

  /** Removes an entry that is acknowledged; returns its state. */
  settle(stream: string, group: string, id: string): Incoming | undefined {
    const unsettled = this.#unsettled.take(stream, group, id);
    if (unsettled === undefined) return undefined;
    const { creation, attributes } =
      typeof unsettled === 'string'
        ? { creation: parsePlainTraceparent(unsettled), attributes: { [ATTR_MESSAGE_ID]: id } }
        : unsettled;
    return { context: ROOT_CONTEXT, creation, destination: { name: stream }, attributes, sentAt: undefined };
  }

  /** As {@link settle}, for an XACK whose span is not recorded. */
  forget(args: readonly unknown[]): void {
    if (this.#unsettled.isEmpty || args.length < 3) return;
    const stream = text(args[0]);
    const group = text(args[1]);
    for (let at = 2; at < args.length; at++) this.#unsettled.take(stream, group, text(args[at]));
  }
}

/** The state of an entry that was returned to the application. @internal */
export interface ReceivedEntry {
  readonly source: EntrySource;
  readonly incoming: ReceivedMessage;
}

/** By the array of the entry, which the application gets unchanged. @internal */
export const receivedEntries: Stamp<ReceivedEntry> = createStamp();
