import { context as contextApi, diag } from '@opentelemetry/api';
import { ATTR_MESSAGE_DELIVERY_ATTEMPT, guard, runHandler, startProcessing } from '../../messaging/index.ts';
import type { ConsumeSettings, StreamMessage } from './options.ts';
import { type ConsumerClient, deliveriesOf, endClient } from './client.ts';
import { redisErrorType } from '../error-type.ts';
import { claimedByXautoclaim, entriesOfClaim, entriesOfRead, type ReplyEntry } from '../replies.ts';
import { received } from '../tracing.ts';

type Handler = (message: StreamMessage) => unknown;

/** Errors that trying again does not mend. */
const fatalTypes = new Set(['WRONGTYPE', 'NOAUTH', 'NOPERM', 'WRONGPASS', 'CROSSSLOT']);
const missingGroup = new Set(['NOGROUP', 'UNBLOCKED']);
const shortestPauseMs = 100;
const longestPauseMs = 5000;

/** The loop of a consumer: group, what is pending, what idled, what is new. @internal */
export class StreamConsumer {
  readonly #client: ConsumerClient;
  readonly #settings: ConsumeSettings;
  readonly #handler: Handler;
  readonly #prefix: string;
  /** The last entry seen of each stream: where a group begins that was deleted under way. */
  readonly #seen = new Map<string, string>();
  #grouped = false;
  #recovered = false;
  #claiming: boolean;
  #nextClaim = 0;
  #failures = 0;
  #waiting = false;
  #stopping = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(client: ConsumerClient, settings: ConsumeSettings, handler: Handler) {
    this.#client = client;
    this.#settings = settings;
    this.#handler = handler;
    this.#claiming = settings.minIdleMs !== Infinity;
    const { keyPrefix } = client.options;
    this.#prefix = typeof keyPrefix === 'string' ? keyPrefix : '';
    client.on('error', (error: unknown) => {
      if (!this.#stopping) this.#report(error);
    });
  }

  /** Resolves when the consumer was stopped; rejects where it cannot go on. */
  async run(): Promise<void> {
    try {
      while (!this.#stopping) await this.#round();
    } finally {
      this.#stopping = true;
      this.#end();
    }
  }

  /** Lets a running handler finish; nothing else is begun. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#wake?.();
    // Without a connection, an acknowledgement would wait for one.
    this.#client.on('reconnecting', () => this.#end());
    if (this.#waiting || this.#client.status !== 'ready') this.#end();
  }

  #end(): void {
    this.#ended = true;
    endClient(this.#client);
  }

  async #round(): Promise<void> {
    try {
      if (!this.#grouped) await this.#makeGroups();
      if (!this.#recovered) await this.#recover();
      await this.#claimIdle();
      await this.#readNew();
      this.#failures = 0;
    } catch (error) {
      if (this.#stopping) return;
      this.#report(error);
      if (this.#isFatal(error)) throw error;
      if (missingGroup.has(redisErrorType(error))) this.#grouped = false;
      await this.#pause(Math.min(longestPauseMs, shortestPauseMs * 2 ** this.#failures++));
    }
  }

  #isFatal(error: unknown): boolean {
    const type = redisErrorType(error);
    // Redis refuses a command as such with ERR; when making the group, that is for what the options say.
    return fatalTypes.has(type) || (type === 'ERR' && !this.#grouped) || this.#client.status === 'end';
  }

  async #makeGroups(): Promise<void> {
    const { streams, group, from } = this.#settings;
    for (const stream of streams) {
      try {
        await this.#client.xgroup('CREATE', stream, group, this.#seen.get(stream) ?? from, 'MKSTREAM');
      } catch (error) {
        if (redisErrorType(error) !== 'BUSYGROUP') throw error;
      }
    }
    this.#grouped = true;
  }

  /** Works off what an earlier run of this consumer left pending. */
  async #recover(): Promise<void> {
    for (const stream of this.#settings.streams) {
      let after = '0';
      while (!this.#stopping) {
        const entries = entriesOfRead(await this.#read([stream], [after]));
        const last = entries.at(-1);
        if (last === undefined) break;
        after = String(last.entry[0]);
        await this.#handleAgain(stream, entries);
      }
    }
    this.#recovered = true;
  }

  async #claimIdle(): Promise<void> {
    const { streams, group, consumer, minIdleMs, count } = this.#settings;
    if (!this.#claiming || performance.now() < this.#nextClaim) return;
    this.#nextClaim = performance.now() + minIdleMs;
    for (const stream of streams) {
      let cursor = '0-0';
      do {
        if (this.#stopping) return;
        let reply: unknown;
        try {
          reply = await this.#client.xautoclaimBuffer(stream, group, consumer, minIdleMs, cursor, 'COUNT', count);
        } catch (error) {
          if (!/unknown command/i.test(String(error))) throw error;
          this.#claiming = false;
          this.#report(error);
          return;
        }
        cursor = String((reply as unknown[])[0]);
        await this.#handleAgain(stream, entriesOfClaim(claimedByXautoclaim(reply), stream));
      } while (cursor !== '0-0');
    }
  }

  async #readNew(): Promise<void> {
    if (this.#stopping) return;
    const { streams, blockMs } = this.#settings;
    const untilClaim = this.#claiming ? Math.ceil(this.#nextClaim - performance.now()) : Infinity;
    const wait = Math.max(1, Math.min(blockMs, untilClaim));
    this.#waiting = true;
    let entries: ReplyEntry[];
    try {
      entries = entriesOfRead(
        await this.#read(
          streams,
          Array.from(streams, () => '>'),
          ['BLOCK', wait],
        ),
      );
    } finally {
      this.#waiting = false;
    }
    for (const { entry, stream } of entries) this.#seen.set(this.#given(stream), String(entry[0]));
    await this.#handle(entries, () => 1);
  }

  #read(streams: readonly string[], ids: readonly string[], wait: (string | number)[] = []): Promise<unknown> {
    const { group, consumer, count } = this.#settings;
    const args = ['GROUP', group, consumer, 'COUNT', count, ...wait, 'STREAMS', ...streams, ...ids];
    return this.#client.xreadgroupBuffer(...args);
  }

  async #handleAgain(stream: string, entries: readonly ReplyEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const ids = entries.map(({ entry }) => String(entry[0]));
    const deliveries = await deliveriesOf(this.#client, this.#settings, stream, ids);
    await this.#handle(
      entries.map(({ entry }) => ({ entry, stream: this.#prefix + stream })),
      (at) => deliveries[at],
    );
  }

  async #handle(entries: readonly ReplyEntry[], attempt: (at: number) => number | undefined): Promise<void> {
    const since = performance.now();
    for (const [at, { entry, stream }] of entries.entries()) {
      // By then another consumer may have taken over what waits here behind slow handlers.
      if (this.#stopping || performance.now() - since >= this.#settings.minIdleMs) return;
      await this.#handleOne(entry, this.#given(stream), attempt(at));
    }
  }

  async #handleOne(entry: unknown[], stream: string, deliveryAttempt: number | undefined): Promise<void> {
    const id = String(entry[0]);
    const known = received.get(entry);
    // One that was trimmed or deleted meanwhile has nothing left to handle.
    if (!Array.isArray(entry[1]) || known === undefined) {
      await this.#acknowledge(stream, id);
      return;
    }
    const message: StreamMessage = { id, stream, ...fieldsOf(entry[1] as Buffer[]), deliveryAttempt };
    const { tracing, incoming, attributes } = known;
    const attempt = deliveryAttempt === undefined ? {} : { [ATTR_MESSAGE_DELIVERY_ATTEMPT]: deliveryAttempt };
    const operation = startProcessing(
      tracing.messaging,
      { name: 'process', attributes },
      { ...incoming, attributes: { ...incoming.attributes, ...attempt } },
    );
    try {
      await runHandler(operation, () => this.#handler(message));
    } catch (error) {
      this.#report(error, message);
      return;
    }
    await contextApi.with(operation.context, () => this.#acknowledge(stream, id));
  }

  /** What cannot be acknowledged is handled once more, as if the process had ended here. */
  async #acknowledge(stream: string, id: string): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#client.xack(stream, this.#settings.group, id);
    } catch (error) {
      this.#report(error);
    }
  }

  /** The stream's name as the application gave it. */
  #given(stream: string): string {
    return stream.startsWith(this.#prefix) ? stream.slice(this.#prefix.length) : stream;
  }

  #report(error: unknown, message?: StreamMessage): void {
    const { onError, group } = this.#settings;
    guard('the onError option of consumeStream', () => {
      if (onError !== undefined) onError(error, message);
      else if (message === undefined) diag.error(`mqtrace: consumer of group ${group}`, error);
      else diag.error(`mqtrace: the handler failed; ${message.stream} ${message.id} stays pending`, error);
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function fieldsOf(raw: readonly Buffer[]): Pick<StreamMessage, 'fields' | 'raw'> {
  // Not assigned: a field may be called __proto__.
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at]!.toString(), raw[at + 1]!.toString()]);
  return { fields: Object.fromEntries(pairs), raw };
}
