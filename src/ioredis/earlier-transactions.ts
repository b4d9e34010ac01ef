// Traces transactions that were created before their client was traced.
import { onReject, onReply } from './command-hooks.ts';
import type { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

/**
 * Ends the spans of commands in a transaction that was created, as a pipeline, before its client was traced. Successful results
 * reach these commands, but errors do not, so that commands that are still open after EXEC are ended then.
 *
 * @internal
 */
export class EarlierTransactions {
  readonly #open = new Set<StreamCall>();

  /** Records a command that a pipeline sends and that the pipeline's own tracing has not seen. */
  add(command: Command, tracked: StreamCall): void {
    if (command.inTransaction === true) this.#open.add(tracked);
  }

  /** Records an EXEC that a pipeline sends. */
  exec(command: Command): void {
    if (this.#open.size === 0) return;
    const open = [...this.#open];
    this.#open.clear();
    // The pipeline passes on the results after the last reply.
    const leave = (): void => void setImmediate(() => open.forEach((tracked) => tracked.leave()));
    onReply(command, leave);
    onReject(command, leave);
  }
}
