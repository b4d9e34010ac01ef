// Traces a stream command from its call until its outcome.
import { types } from 'node:util';
import type { Context } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { createStamp, type Operation, type Stamp } from '../messaging/index.ts';
import { onReject } from './command-hooks.ts';
import type { Connection } from './connection.ts';
import { redisErrorType } from './error-type.ts';
import type { Command } from './types.ts';

const queued = Buffer.from('QUEUED');

/** Whether the server queued the command in a transaction. Replies are not converted to text, which is slow for large arrays. @internal */
export function isQueued(reply: unknown): boolean {
  return reply === 'QUEUED' || (Buffer.isBuffer(reply) && reply.equals(queued));
}

/** The tracked form of each command. */
const calls: Stamp<StreamCall> = createStamp();

/** What a pipeline or a transaction needs of a command: an object of its own, because most commands are in neither. @internal */
export interface CallAmongOthers {
  /** Called once, if the server queues the command in a transaction. */
  onQueued: (() => void) | undefined;
  queued: boolean;
  /** Whether its pipeline settles it. */
  pipelined: boolean;
  /** The error of the command, if its pipeline may still send it again. */
  pendingError: unknown;
}

/**
 * A stream command, from its call until its outcome. Each kind of command is a subclass, not an object beside this one, because both
 * would be kept until the reply. Of its own methods each is called at most once, `start` first.
 *
 * @internal
 */
export abstract class StreamCall {
  protected readonly connection: Connection;
  /** The context of the call until the command is sent, then the one in which it is sent. */
  protected context: Context;
  /** Undefined until the command is sent, and for a command that has none while it waits for its reply. */
  protected operation: Operation | undefined = undefined;
  #command: Command | undefined = undefined;
  #transformReply: Command['transformReply'] | undefined = undefined;
  #reject: Command['reject'] | undefined = undefined;
  /** One field of all of it: it is kept until the reply. */
  #state: 'new' | 'sent' | 'done' = 'new';
  #amongOthers: CallAmongOthers | undefined = undefined;

  constructor(connection: Connection, context: Context) {
    this.connection = connection;
    this.context = context;
  }

  /** The tracked form of a command; undefined for one that is not traced. */
  static of(command: Command): StreamCall | undefined {
    return calls.get(command);
  }

  /** The state of a command of a pipeline or a transaction. */
  get amongOthers(): CallAmongOthers {
    return (this.#amongOthers ??= { onQueued: undefined, queued: false, pipelined: false, pendingError: undefined });
  }

  /** Called before the command is first sent; it may change the command's arguments. Returns the context to send it in. */
  abstract start(command: Command): Context;
  abstract succeeded(reply: unknown): void;

  failed(error: unknown, type?: string): void {
    this.operation?.fail(error, type ?? redisErrorType(error));
  }

  /** The command ended, and it is unknown whether it succeeded or failed. */
  protected left(): void {
    this.operation?.leave();
  }

  /** Called before ioredis sends the command again. */
  protected startAgain(_command: Command): void {}

  /** Records that ioredis has written or queued the command, or failed to. */
  written(_command: Command): void {}

  /** Removes from an error, which is the application's, what tracing added to it. */
  clean(_error: unknown, _command: Command): void {}

  /**
   * Observes the outcome in the functions that pass it to the application. Until the reply, a bound function takes less memory than
   * a closure, and one of all commands takes none: `transformReply` is only called as a method, but `reject` also by itself.
   */
  observe(command: Command): void {
    this.#command = command;
    this.#transformReply = command.transformReply;
    this.#reject = command.reject;
    calls.set(command, this);
    command.transformReply = transformReply;
    command.reject = this.#rejected.bind(this);
  }

  /** @internal */
  replied(command: Command, reply: unknown): unknown {
    const transformed = this.#transformReply!.call(command, reply);
    try {
      // Outside a transaction, no stream command has this reply.
      if (isQueued(transformed)) {
        this.amongOthers.queued = true;
        this.amongOthers.onQueued?.();
      } else {
        this.#succeed(transformed);
      }
    } catch (error) {
      reportFault(finishing, error);
    }
    return transformed;
  }

  #rejected(error: unknown): void {
    this.#seeError(error);
    this.#reject!.call(this.#command, error);
  }

  /** ioredis makes a new reject() for each attempt of a pipeline. */
  watchReject(): void {
    if (this.#command !== undefined) onReject(this.#command, (error) => this.#seeError(error));
  }

  #seeError(error: unknown): void {
    try {
      this.clean(error, this.#command!);
      if (this.#amongOthers?.pipelined === true) this.#amongOthers.pendingError = error;
      else this.fail(error);
    } catch (fault) {
      reportFault('tracing a Redis error', fault);
    }
  }

  /** Records that the command is sent, also again; returns the context to send it in. */
  send(command: Command): Context {
    try {
      if (this.#state !== 'new') this.startAgain(command);
      else this.context = this.start(command);
    } catch (error) {
      reportFault('tracing a Redis command', error);
    }
    if (this.#state === 'new') this.#state = 'sent';
    return this.context;
  }

  /** The result from EXEC, if ioredis does not transform it. */
  executed(result: unknown): void {
    if (types.isNativeError(result)) this.fail(result);
    else this.#succeed(result);
  }

  fail(error: unknown, type?: string): void {
    if (!this.#finish()) return;
    try {
      this.failed(error, type);
    } catch (fault) {
      reportFault(finishing, fault);
    }
  }

  leave(): void {
    if (!this.#finish()) return;
    try {
      this.left();
    } catch (error) {
      reportFault(finishing, error);
    }
  }

  #succeed(reply: unknown): void {
    if (!this.#finish()) return;
    try {
      this.succeeded(reply);
    } catch (error) {
      reportFault(finishing, error);
    }
  }

  /** Whether this is the first outcome. A command that was never sent has no span. */
  #finish(): boolean {
    if (this.#state !== 'sent') return false;
    this.#state = 'done';
    return true;
  }
}

/** Of every tracked command. */
function transformReply(this: Command, reply: unknown): unknown {
  const call = calls.get(this);
  if (call !== undefined) return call.replied(this, reply);
  // A copy of a command has the functions of its class.
  const { transformReply: original } = Object.getPrototypeOf(this) as Partial<Command>;
  return original === undefined ? reply : original.call(this, reply);
}

const finishing = 'tracing a Redis reply';
