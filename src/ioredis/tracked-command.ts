import { type Context, context as contextApi } from '@opentelemetry/api';
import { guard } from '../messaging/index.ts';
import { onReject, onReply } from './hooks.ts';
import { ReceiveCall } from './receive.ts';
import type { Connection, StreamCall } from './tracing.ts';
import type { Command } from './types.ts';
import { XackCall } from './xack.ts';
import { XaddCall } from './xadd.ts';

const tracked = new WeakMap<Command, TrackedCommand>();

/** Whether a command may be one of those traced, at the cost of one comparison for most that are not. @internal */
export function maybeStreamCommand(command: Command): boolean {
  const first = command.name.charCodeAt(0);
  return first === 0x78 || first === 0x58;
}

/**
 * What is known of a stream command, from its call until its outcome.
 *
 * @internal
 */
export class TrackedCommand {
  readonly #call: StreamCall;
  readonly #context: Context;
  #sent: Context | undefined;
  #done = false;
  /** Told once, if the server queues the command in a transaction. */
  onQueued: (() => void) | undefined;
  /** How the command failed, where its pipeline may yet try it again. */
  pendingError: unknown;
  /** Set for a pipelined command: its pipeline settles it. */
  pipelined = false;
  queued = false;

  constructor(call: StreamCall, command: Command, context: Context) {
    this.#call = call;
    this.#context = context;
    onReply(command, (reply) => this.#reply(reply));
    this.watchReject(command);
  }

  /** ioredis makes a new reject() for each attempt of a pipeline. */
  watchReject(command: Command): void {
    onReject(command, (error) => {
      this.#call.clean?.(error);
      if (this.pipelined) this.pendingError = error;
      else this.fail(error);
    });
  }

  /** Notes that the command goes to the server; gives the context to send it in. */
  send(): Context {
    this.#sent ??= guard('tracing a Redis command', () => this.#call.send()) ?? this.#context;
    return this.#sent;
  }

  /** What EXEC returned for the command, where ioredis does not transform it. */
  executed(result: unknown): void {
    if (result instanceof Error) this.fail(result);
    else this.#succeed(result);
  }

  fail(error: unknown, type?: string): void {
    this.#finish(() => this.#call.fail(error, type));
  }

  leave(): void {
    this.#finish(() => this.#call.leave());
  }

  #reply(reply: unknown): void {
    // No stream command replies with this but in a transaction.
    if (String(reply) === 'QUEUED' && !Array.isArray(reply)) {
      this.queued = true;
      this.onQueued?.();
    } else {
      this.#succeed(reply);
    }
  }

  #succeed(reply: unknown): void {
    this.#finish(() => this.#call.succeed(reply));
  }

  #finish(how: () => void): void {
    // One that was never sent has made no span.
    if (this.#done || this.#sent === undefined) return;
    this.#done = true;
    guard('tracing a Redis reply', how);
  }
}

/** @internal */
export function trackedOf(command: Command): TrackedCommand | undefined {
  return tracked.get(command);
}

/** Tracks a command called in the present context, if it is a stream command that is traced. @internal */
export function track(connection: Connection, command: Command): TrackedCommand | undefined {
  if (!maybeStreamCommand(command)) return undefined;
  return guard('tracing a Redis command', () => {
    const parent = contextApi.active();
    const call = callOf(connection, command, parent);
    if (call === undefined) return undefined;
    const trackedCommand = new TrackedCommand(call, command, parent);
    tracked.set(command, trackedCommand);
    return trackedCommand;
  });
}

function callOf(connection: Connection, command: Command, parent: Context): StreamCall | undefined {
  const name = command.name.toLowerCase();
  switch (name) {
    case 'xadd':
      return new XaddCall(connection, command, parent);
    case 'xack':
      return new XackCall(connection, command, parent);
    case 'xread':
    case 'xreadgroup':
    case 'xclaim':
    case 'xautoclaim':
      return new ReceiveCall(connection, name, command, parent);
    default:
      return undefined;
  }
}
