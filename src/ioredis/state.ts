// Defines the state that tracing keeps for a wrapped client and for each returned entry.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { ATTR_MESSAGE_ID, createStamp, type LinkedMessage, Messaging, type Stamp } from '../messaging/index.ts';
import { parsePlainTraceparent } from '../propagation/plain-traceparent.ts';
import { text } from './arguments.ts';
import { RecentReads } from './recent-reads.ts';
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
  readonly #unsettled = new RecentReads(new UnsettledEntries());

  constructor(options: TraceRedisOptions) {
    this.options = options;
    this.messaging = new Messaging('redis', 'traceRedis', options);
    this.hidesFields = options.hideFields !== false;
    this.lag = options.pollLag === true ? new GroupLag() : undefined;
    this.#settles = options.settleSpans !== false;
  }

  /**
   * Remembers the entries that an XACK will link.
   *
   * @param entries - not used by the caller afterwards.
   * @param parent - the context of the command that returned them.
   * @param isNew - whether the group has probably not received them before.
   */
  remember(asked: ReadRequest, entries: ReceivedMessage[], parent: Context, isNew: boolean): void {
    if (!this.#settles) return;
    const { messaging } = this;
    // Where such commands have no span, an XACK has none either, unless it is sent within a sampled trace.
    const onlySampled = messaging.shouldSkipLeaf(parent) && messaging.isCertainlyDropped(ROOT_CONTEXT);
    if (onlySampled && !entries.some(mayBeSampled)) return;
    const { group, noAck } = asked.group;
    // With NOACK an entry is acknowledged by being read; no XACK follows.
    if (group === undefined || noAck) return;
    for (const messages of byStream(entries)) {
      const stream = messages[0]!.source.destination?.name;
      if (stream !== undefined) this.#unsettled.add({ stream, group, messages, onlySampled }, isNew);
    }
  }

  /** Removes an entry that is acknowledged; returns what its link needs. */
  settle(stream: string, group: string, id: string): LinkedMessage | undefined {
    const unsettled = this.#unsettled.take(stream, group, id);
    if (typeof unsettled !== 'string') return unsettled;
    return { creation: parsePlainTraceparent(unsettled), attributes: { [ATTR_MESSAGE_ID]: id } };
  }

  /** As {@link settle}, for an XACK whose span is not recorded. */
  forget(args: readonly unknown[]): void {
    if (this.#unsettled.isEmpty || args.length < 3) return;
    const stream = text(args[0]);
    const group = text(args[1]);
    for (let at = 2; at < args.length; at++) this.#unsettled.take(stream, group, text(args[at]));
  }
}

function mayBeSampled(entry: ReceivedMessage): boolean {
  return entry.mayBeSampled;
}

/** The messages of each stream of a reply, which come one stream after the other. */
function byStream(messages: ReceivedMessage[]): ReceivedMessage[][] {
  if (messages[0]?.source === messages.at(-1)?.source) return [messages];
  const lists: ReceivedMessage[][] = [];
  for (const message of messages) {
    const last = lists.at(-1);
    if (last?.[0]!.source === message.source) last.push(message);
    else lists.push([message]);
  }
  return lists;
}

/** The state of an entry that was returned to the application. @internal */
export interface ReceivedEntry {
  readonly source: EntrySource;
  readonly incoming: ReceivedMessage;
}

/** By the array of the entry, which the application gets unchanged. @internal */
export const receivedEntries: Stamp<ReceivedEntry> = createStamp();
