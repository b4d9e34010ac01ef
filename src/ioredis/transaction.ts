import { onReject, onReply } from './hooks.ts';
import { notExecuted } from './pipeline.ts';
import { type TrackedCommand, trackedOf } from './tracked-command.ts';
import type { Client, Command } from './types.ts';

/**
 * A transaction whose commands are sent one by one (`multi({ pipeline: false })`): the server answers each with QUEUED, and EXEC
 * with the outcome of all.
 *
 * @internal
 */
export class Transaction {
  /** What the server has queued, in order; undefined for a command that is not traced. */
  readonly #queued: (TrackedCommand | undefined)[] = [];
  readonly #client: Client;
  readonly #abandon = (): void => this.#failAll(new Error('The connection closed before EXEC'), 'CONNECTION_CLOSED');

  constructor(client: Client) {
    this.#client = client;
    client.once('close', this.#abandon);
  }

  /** Takes note of a command sent between MULTI and EXEC. */
  add(command: Command): void {
    const tracked = trackedOf(command);
    if (tracked !== undefined) {
      tracked.onQueued = (): unknown => this.#queued.push(tracked);
      return;
    }
    onReply(command, (reply) => {
      if (String(reply) === 'QUEUED') this.#queued.push(undefined);
    });
  }

  exec(command: Command): void {
    this.#end(command, (results) => {
      if (!Array.isArray(results)) {
        this.#failAll(notExecuted, 'ABORTED');
        return;
      }
      this.#queued.forEach((tracked, at) => tracked?.executed(results[at]));
    });
  }

  discard(command: Command): void {
    this.#end(command, () => this.#failAll(new Error('The transaction was discarded'), 'DISCARDED'));
  }

  /** MULTI itself was refused. */
  cancel(): void {
    this.#client.removeListener('close', this.#abandon);
  }

  #end(command: Command, reply: (results: unknown) => void): void {
    onReply(command, (results) => {
      this.cancel();
      reply(results);
    });
    onReject(command, (error) => {
      this.cancel();
      this.#failAll(error);
    });
  }

  #failAll(error: unknown, type?: string): void {
    for (const tracked of this.#queued) tracked?.fail(error, type);
  }
}
