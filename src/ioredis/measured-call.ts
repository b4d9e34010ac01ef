// Measures a command without a span, from its call until its outcome.
import type { Context } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import type { LightOperation, OpenEntry, OpenOperations } from '../messaging/index.ts';
import { redisErrorType } from './error-type.ts';
import { isQueued } from './stream-call.ts';
import type { Command } from './types.ts';

/**
 * A command of a Redis client that is called by itself, not in a pipeline or a transaction: it has one outcome, and nothing but its
 * context is needed to send it again.
 *
 * @internal
 */
export class MeasuredCall {
  readonly context: Context;
  /** Undefined when it has ended. */
  #operation: LightOperation | undefined;
  readonly #command: Command;
  readonly #transformReply: Command['transformReply'];
  readonly #reject: Command['reject'];
  #open: OpenEntry | undefined = undefined;

  /** Observes the outcome of a command as `StreamCall` does. */
  constructor(operation: LightOperation, command: Command) {
    this.context = operation.context;
    this.#operation = operation;
    this.#command = command;
    this.#transformReply = command.transformReply;
    this.#reject = command.reject;
    command.transformReply = this.#replied.bind(this);
    command.reject = this.#rejected.bind(this);
  }

  /** As `track` of an operation. */
  track(open: Pick<OpenOperations<MeasuredCall>, 'add'>): void {
    if (this.#operation === undefined) return;
    this.#open?.remove();
    this.#open = open.add(this);
  }

  fail(error: unknown): void {
    try {
      this.#finish()?.fail(error, redisErrorType(error));
    } catch (fault) {
      reportFault('tracing a Redis error', fault);
    }
  }

  #replied(reply: unknown): unknown {
    const command = this.#command;
    const transformed = this.#transformReply.call(command, reply);
    try {
      // With NOMKSTREAM, and no stream, the reply to XADD is null: nothing was added.
      if (transformed === null && command.name === 'xadd') this.#finish()?.leave();
      else if (!isQueued(transformed)) this.#finish()?.end();
    } catch (error) {
      reportFault('tracing a Redis reply', error);
    }
    return transformed;
  }

  #rejected(error: unknown): void {
    this.fail(error);
    this.#reject.call(this.#command, error);
  }

  /** Only the first outcome counts. */
  #finish(): LightOperation | undefined {
    const operation = this.#operation;
    this.#operation = undefined;
    this.#open?.remove();
    this.#open = undefined;
    return operation;
  }
}
