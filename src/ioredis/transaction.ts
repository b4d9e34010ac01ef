// Traces transactions whose commands are sent individually.
import { onReject, onReply } from './command-hooks.ts';
import { notExecuted } from './pipeline.ts';
import { isQueued, type StreamCall } from './stream-call.ts';
import { trackedOf } from './tracked-command.ts';
import type { Client, Command } from './types.ts';

/**
 * A transaction whose commands are sent individually (`multi({ pipeline: false })`): the server replies QUEUED to each, and to EXEC
 * with all results.
 *
 * @internal
 */
export class Transaction {
  /** The commands that the server has queued, in order; undefined for a command that is not traced. */
  readonly #queued: (StreamCall | undefined)[] = [];
  readonly #client: Client;
  readonly #onEnd: () => void;
  #begun = false;
  #ended = false;

  /**
   * @param onEnd - called once, when the commands that follow no longer belong to the transaction.
   */
  constructor(client: Client, multi: Command, onEnd: () => void) {
    this.#client = client;
    this.#onEnd = onEnd;
    client.on('close', this.#onClose);
    onReply(multi, () => {
      this.#begun = true;
    });
    onReject(multi, () => this.#end());
  }

  /** Records a command that is sent between MULTI and EXEC. */
  add(command: Command): void {
    const tracked = trackedOf(command);
    if (tracked !== undefined) {
      const onQueued = (): unknown => this.#queued.push(tracked);
      tracked.amongOthers.onQueued = onQueued;
      return;
    }
    onReply(command, (reply) => {
      if (isQueued(reply)) this.#queued.push(undefined);
    });
  }

  exec(command: Command): void {
    this.#follow(command, (results) => {
      if (!Array.isArray(results)) {
        this.#failAll(notExecuted, 'ABORTED');
        return;
      }
      this.#queued.forEach((tracked, at) => tracked?.executed(results[at]));
    });
  }

  discard(command: Command): void {
    this.#follow(command, () => this.#failAll(new Error('The transaction was discarded'), 'DISCARDED'));
  }

  #follow(command: Command, reply: (results: unknown) => void): void {
    this.#onEnd();
    onReply(command, (results) => {
      this.#end();
      reply(results);
    });
    onReject(command, (error) => {
      this.#end();
      this.#failAll(error);
    });
  }

  /** The server discards a transaction with its connection. */
  readonly #onClose = (): void => {
    // ioredis sends a MULTI without a reply again, and everything after it, unless that is disabled.
    const resent = !this.#begun && this.#client.options?.autoResendUnfulfilledCommands !== false;
    if (resent && this.#client.status !== 'end') return;
    this.#end();
    this.#failAll(new Error('The connection closed before EXEC'), 'CONNECTION_CLOSED');
  };

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client.removeListener('close', this.#onClose);
    this.#onEnd();
  }

  #failAll(error: unknown, type?: string): void {
    for (const tracked of this.#queued) tracked?.fail(error, type);
  }
}
