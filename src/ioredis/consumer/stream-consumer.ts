// Implements the consumer-group loop.
import { performance } from 'node:perf_hooks';
import { redisErrorType } from '../error-type.ts';
import { claimedByXautoclaim } from '../replies.ts';
import { type ConsumerClient, deliveriesOf, endClient, type StreamKey } from './client.ts';
import {
  compareIds,
  type Delivered,
  deliveredByClaim,
  deliveredByRead,
  type DeliveredEntry,
  messageOf,
} from './entries.ts';
import { createGroups } from './group.ts';
import { type ConsumerObserver, GuardedObserver } from './observer.ts';
import type { ConsumeSettings, StreamMessage } from './options.ts';
import { Pauses } from './pauses.ts';
import { invalidEntries, reportFailure } from './report.ts';

type Handler = (message: StreamMessage) => unknown;

/** Errors that a retry would not resolve. */
const fatalTypes = new Set(['WRONGTYPE', 'NOAUTH', 'NOPERM', 'WRONGPASS', 'CROSSSLOT']);
const missingGroup = new Set(['NOGROUP', 'UNBLOCKED']);
const shortestPauseMs = 100;
const longestPauseMs = 5000;

/**
 * The loop of a consumer: it creates the group, handles pending entries, claims idle ones and reads new ones. It reads the replies
 * itself and handles every entry in them. Tracing is only an observer: the loop does not depend on it.
 *
 * @internal
 */
export class StreamConsumer {
  readonly #client: ConsumerClient;
  readonly #settings: ConsumeSettings;
  readonly #handler: Handler;
  readonly #observer: ConsumerObserver;
  readonly #streams: readonly StreamKey[];
  /** By stream, the last entry seen: the start of a group that is created again after a deletion. */
  readonly #seen = new Map<string, string>();
  #grouped = false;
  #recovered = false;
  #claiming: boolean;
  #nextClaim = 0;
  #failures = 0;
  /** Whether a command that delivers entries is running. */
  #delivering = false;
  #waiting = false;
  #stopping = false;
  #ended = false;
  #handling = false;
  readonly #pauses = new Pauses();
  #abandon!: () => void;
  readonly #abandoned = new Promise<void>((resolve) => (this.#abandon = resolve));

  constructor(
    client: ConsumerClient,
    streams: readonly StreamKey[],
    settings: ConsumeSettings,
    handler: Handler,
    observer: ConsumerObserver,
  ) {
    this.#client = client;
    this.#streams = streams;
    this.#settings = settings;
    this.#handler = handler;
    this.#observer = observer;
    this.#claiming = settings.minIdleMs !== Infinity;
    client.on('error', (error: unknown) => {
      if (!this.#stopping) this.#report(error);
    });
    // For Redis, an entry is delivered when it is sent. Entries of an interrupted reply are pending, and the command that ioredis
    // sends again after it has reconnected does not return them.
    const lost = (): void => {
      if (this.#delivering) this.#recovered = false;
    };
    client.on('close', lost);
    // A Cluster stays open while it reconnects to a node.
    if (client.isCluster === true) client.on('-node', lost);
  }

  /** Resolves when the consumer was stopped; rejects if it cannot continue. */
  async run(): Promise<void> {
    try {
      await Promise.race([this.#loop(), this.#abandoned]);
    } finally {
      this.#stopping = true;
      this.#end();
    }
  }

  async #loop(): Promise<void> {
    while (!this.#stopping) await this.#round();
  }

  /** Lets a running handler finish; no other handler is started. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#pauses.end();
    // Without a connection, an acknowledgement would wait for one.
    this.#client.on('reconnecting', () => this.#end());
    if (this.#waiting || this.#client.status !== 'ready') this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    endClient(this.#client);
    // A Cluster that is ended while it has no node never settles its commands. The loop gets the time to end by itself first.
    if (!this.#handling) setImmediate(this.#abandon);
  }

  async #round(): Promise<void> {
    try {
      if (!this.#grouped) {
        await createGroups(this.#client, this.#streams, this.#settings, this.#seen);
        this.#grouped = true;
      }
      if (!this.#recovered) await this.#recover();
      await this.#claimIdle();
      await this.#readNew();
      this.#failures = 0;
    } catch (error) {
      if (this.#stopping) return;
      this.#report(error);
      if (this.#isFatal(error)) throw error;
      if (missingGroup.has(redisErrorType(error))) this.#grouped = false;
      await this.#pauses.start(Math.min(longestPauseMs, shortestPauseMs * 2 ** this.#failures++));
    }
  }

  #isFatal(error: unknown): boolean {
    const type = redisErrorType(error);
    // ERR means that the command itself is wrong; for the command that creates the group, because of the options.
    return fatalTypes.has(type) || (type === 'ERR' && !this.#grouped) || this.#client.status === 'end';
  }

  /** Handles the entries that are pending for this consumer, from an earlier run or because a reply was lost. */
  async #recover(): Promise<void> {
    this.#recovered = true;
    try {
      for (const stream of this.#streams) {
        let after = '0';
        while (!this.#stopping) {
          const delivered = await this.#read([stream], [after]);
          this.#checkUnderstood(delivered, 'XREADGROUP');
          const last = delivered.entries.at(-1);
          if (last === undefined) break;
          after = last.id;
          await this.#handleAgain(stream, delivered.entries);
          const seen = this.#seen.get(stream.name);
          if (seen === undefined || compareIds(last.id, seen) > 0) this.#seen.set(stream.name, last.id);
        }
      }
    } catch (error) {
      this.#recovered = false;
      throw error;
    }
  }

  async #claimIdle(): Promise<void> {
    const { group, consumer, minIdleMs, count } = this.#settings;
    if (!this.#claiming || performance.now() < this.#nextClaim) return;
    this.#nextClaim = performance.now() + minIdleMs;
    for (const stream of this.#streams) {
      let cursor = '0-0';
      do {
        if (this.#stopping || !this.#recovered) return;
        let reply: unknown;
        try {
          reply = await this.#deliver(() =>
            this.#client.xautoclaimBuffer(stream.key, group, consumer, minIdleMs, cursor, 'COUNT', count),
          );
        } catch (error) {
          if (!/unknown command/i.test(String(error))) throw error;
          this.#claiming = false;
          this.#report(error);
          return;
        }
        const delivered = deliveredByClaim(claimedByXautoclaim(reply), stream);
        this.#checkUnderstood(delivered, 'XAUTOCLAIM');
        cursor = String((reply as unknown[])[0]);
        await this.#handleAgain(stream, delivered.entries);
      } while (cursor !== '0-0');
    }
  }

  async #readNew(): Promise<void> {
    if (this.#stopping || !this.#recovered) return;
    const { blockMs } = this.#settings;
    const untilClaim = this.#claiming ? Math.ceil(this.#nextClaim - performance.now()) : Infinity;
    const wait = Math.max(1, Math.min(blockMs, untilClaim));
    this.#waiting = true;
    let delivered: Delivered;
    try {
      const newOnes = this.#streams.map(() => '>');
      delivered = await this.#read(this.#streams, newOnes, ['BLOCK', wait]);
    } finally {
      this.#waiting = false;
    }
    // The connection was lost in the meantime. The lost entries are first; these are pending as well, and are read after them.
    if (!this.#recovered) return;
    const { entries } = delivered;
    for (const { id, stream } of entries) this.#seen.set(stream.name, id);
    // If no entry is valid, nothing more is read from the group until the pending entries can be read.
    if (entries.length === 0 && delivered.notUnderstood > 0) this.#recovered = false;
    this.#checkUnderstood(delivered, 'XREADGROUP');
    await this.#handle(entries, () => 1);
  }

  async #read(
    streams: readonly StreamKey[],
    ids: readonly string[],
    wait: (string | number)[] = [],
  ): Promise<Delivered> {
    const { group, consumer, count } = this.#settings;
    const keys = streams.map(({ key }) => key);
    const args = ['GROUP', group, consumer, 'COUNT', count, ...wait, 'STREAMS', ...keys, ...ids];
    const reply = await this.#deliver(() => this.#client.xreadgroupBuffer(...args));
    return deliveredByRead(reply, streams);
  }

  async #deliver(command: () => Promise<unknown>): Promise<unknown> {
    this.#delivering = true;
    try {
      return await command();
    } finally {
      this.#delivering = false;
    }
  }

  /** Reports that a part of a reply is invalid; throws if no part is valid. */
  #checkUnderstood({ entries, notUnderstood }: Delivered, command: string): void {
    if (notUnderstood === 0) return;
    const error = invalidEntries(command);
    if (entries.length === 0) throw error;
    this.#report(error);
  }

  async #handleAgain(stream: StreamKey, entries: readonly DeliveredEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const ids = entries.map(({ id }) => id);
    const deliveries = await deliveriesOf(this.#client, this.#settings, stream, ids);
    await this.#handle(entries, (at) => deliveries[at]);
  }

  /** One function for all of it: each call of another async function would cost every entry a promise. */
  async #handle(entries: readonly DeliveredEntry[], attempt: (at: number) => number | undefined): Promise<void> {
    const since = performance.now();
    let at = 0;
    for (const entry of entries) {
      // Another consumer may have claimed the entries that waited for slow handlers.
      if (this.#stopping || performance.now() - since >= this.#settings.minIdleMs) return;
      const deliveryAttempt = attempt(at++);
      const message = messageOf(entry, deliveryAttempt);
      let observer: GuardedObserver | undefined;
      // Without a message, the entry was trimmed or deleted: there is nothing to handle.
      if (message !== undefined) {
        observer = new GuardedObserver(this.#observer, entry, deliveryAttempt);
        this.#handling = true;
        try {
          // Resolved within run(), so that the `then` of a thenable runs in the context of the entry, too.
          await observer.run(() => Promise.resolve(this.#handler(message)));
        } catch (error) {
          observer.fail(error);
          this.#report(error, message);
          continue;
        } finally {
          this.#handling = false;
        }
        observer.end();
      }
      if (this.#ended) return;
      try {
        await (observer === undefined ? this.#acknowledge(entry) : observer.run(() => this.#acknowledge(entry)));
      } catch (error) {
        // An entry that cannot be acknowledged is handled again, as if the process had ended here.
        if (fatalTypes.has(redisErrorType(error)) && !this.#stopping) throw error;
        this.#report(error);
      }
    }
  }

  #acknowledge({ stream, id }: DeliveredEntry): Promise<unknown> {
    return this.#client.xack(stream.key, this.#settings.group, id);
  }

  #report(error: unknown, message?: StreamMessage): void {
    reportFailure(this.#settings, error, message);
  }
}
