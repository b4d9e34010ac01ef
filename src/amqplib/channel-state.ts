import type { Messaging, Operation } from '../messaging/index.ts';
import { Deliveries } from './deliveries.ts';
import type { Server } from './server.ts';

/** What tracing keeps of one channel. */
export class ChannelState {
  readonly messaging: Messaging;
  readonly server: Server;
  readonly deliveries: Deliveries = new Deliveries();
  /** Publishes that wait for their confirm. */
  readonly publishing: Set<Operation> = new Set();
  /** Messages that are being processed. */
  readonly processing: Set<Operation> = new Set();
  #failure: unknown;
  #closed = false;

  constructor(messaging: Messaging, server: Server) {
    this.messaging = messaging;
    this.server = server;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Notes the error that is about to close the channel. */
  failed(error: unknown): void {
    this.#failure ??= error;
  }

  /** Ends what is open: no confirm and no settlement can come any more. */
  close(): void {
    this.#closed = true;
    for (const operation of this.publishing) {
      if (this.#failure === undefined) operation.fail(new Error('channel closed'), 'channel_closed');
      else operation.fail(this.#failure);
    }
    for (const operation of this.processing) {
      if (this.#failure === undefined) operation.end();
      else operation.fail(this.#failure);
    }
    this.deliveries.clear();
  }
}
