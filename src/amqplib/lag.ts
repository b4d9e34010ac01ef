// Reads the number of waiting messages in consumed queues from the broker.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import { suppressTracing } from '../common/suppression.ts';
import { lagAttributes, type Messaging, type Method, runInContext } from '../messaging/index.ts';
import { consumerLag, type Observer } from '../metrics/instruments.ts';
import { observeLevels } from '../metrics/levels.ts';
import { takesCallbacks } from './completion.ts';
import { type Server, serverOf } from './connection.ts';
import type { TraceAmqplibOptions } from './options.ts';

type Note = Parameters<Observer>[0];
type Callback = (error: unknown, value?: unknown) => void;

/** The part of a channel, of either API, that is used. */
interface Asking {
  on(event: 'error', listener: () => void): unknown;
  checkQueue(queue: string, callback?: Callback): unknown;
  close(callback?: Callback): unknown;
}

/** The maximum number of queues that are read. */
const maxQueues = 1000;

/**
 * The messages that are ready in the queues of one connection. They are read on separate channels, because the broker closes the
 * channel of a request for a queue that is missing, or exclusive to another connection.
 */
export class QueueLag {
  readonly #connection: object;
  readonly #createChannel: Method;
  readonly #messaging: Messaging;
  readonly #options: TraceAmqplibOptions;
  readonly #callbacks: boolean;
  readonly #queues = new RecentMap<string, true>(maxQueues);
  #stop: (() => void) | undefined;

  /** @param createChannel - the connection's original method: its channels are not traced. */
  constructor(connection: object, createChannel: Method, messaging: Messaging, options: TraceAmqplibOptions) {
    this.#connection = connection;
    this.#createChannel = createChannel;
    this.#messaging = messaging;
    this.#options = options;
    this.#callbacks = takesCallbacks(connection);
  }

  /** Registers a consumed queue. */
  note(queue: string): void {
    if (queue === '') return;
    this.#queues.set(queue, true);
    this.#stop ??= observeLevels((note) => runInContext(suppressTracing(ROOT_CONTEXT), () => this.#poll(note)));
  }

  /** The connection is closed. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const [queue] of this.#queues.entries()) this.#queues.delete(queue);
  }

  async #poll(note: Note): Promise<void> {
    let channel: Asking | undefined;
    try {
      channel = await this.#open();
    } catch (error) {
      // The state of a connection that is closed or closing.
      if ((error as Error).name === 'IllegalOperationError') return this.close();
      throw error;
    }
    for (const [queue] of this.#queues.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- sequential: a channel that is closed is closed for the next queue
      channel ??= await this.#open();
      try {
        const asked = channel;
        // oxlint-disable-next-line no-await-in-loop -- as above
        const reply = await this.#call((callback) => asked.checkQueue(queue, callback));
        this.#tell(note, queue, asked, (reply as { messageCount?: unknown }).messageCount);
      } catch {
        // It is read again when it is consumed again.
        this.#queues.delete(queue);
        channel = undefined;
      }
    }
    const open = channel;
    if (open !== undefined) await this.#call((callback) => open.close(callback));
  }

  async #open(): Promise<Asking> {
    const channel = (await this.#call((callback) =>
      Reflect.apply(this.#createChannel, this.#connection, callback === undefined ? [] : [callback]),
    )) as Asking;
    // Without a listener the error would be thrown.
    channel.on('error', () => {});
    return channel;
  }

  /** Calls a method of either API. */
  #call(call: (callback?: Callback) => unknown): Promise<unknown> {
    if (!this.#callbacks) return Promise.resolve(call());
    return new Promise((resolve, reject) => {
      call((error, value) => (error === null || error === undefined ? resolve(value) : reject(error)));
    });
  }

  #tell(note: Note, queue: string, channel: object, ready: unknown): void {
    if (typeof ready !== 'number') return;
    const server: Server = serverOf(channel, this.#options);
    note(
      { definition: consumerLag, attributes: lagAttributes(this.#messaging, queue, server.address), value: ready },
      true,
    );
  }
}
