// Traces a stream command from its call until its outcome.
import { types } from 'node:util';
import type { Context } from '@opentelemetry/api';
import { activeContext, createStamp, guard, type Stamp } from '../messaging/index.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { onReject, onReply } from './command-hooks.ts';
import type { Connection } from './connection.ts';
import { passOn, passOnToCluster } from './passed-on.ts';
import { QueryingCall } from './querying.ts';
import { ReceivingCall } from './receiving.ts';
import { SendingCall } from './sending.ts';
import { SettlingCall } from './settling.ts';
import type { Command, StreamCall } from './types.ts';

const trackedCommands: Stamp<TrackedCommand> = createStamp();

/** Whether a command may be a stream command: a cheap test that excludes most others. @internal */
export function maybeStreamCommand(command: Command): boolean {
  const first = command.name.charCodeAt(0);
  return first === 0x78 || first === 0x58;
}

const queued = Buffer.from('QUEUED');

/** Whether the server queued the command in a transaction. Replies are not converted to text, which is slow for large arrays. @internal */
export function isQueued(reply: unknown): boolean {
  return reply === 'QUEUED' || (Buffer.isBuffer(reply) && reply.equals(queued));
}

/**
 * A stream command, from its call until its outcome.
 *
 * @internal
 */
export class TrackedCommand {
  readonly #call: StreamCall;
  readonly #context: Context;
  #sent: Context | undefined;
  #done = false;
  /** Called once, if the server queues the command in a transaction. */
  onQueued: (() => void) | undefined;
  /** The error of the command, if its pipeline may still send it again. */
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

  /** Records that the command is sent; returns the context to send it in. */
  send(): Context {
    this.#sent ??= guard('tracing a Redis command', () => this.#call.send()) ?? this.#context;
    return this.#sent;
  }

  /** The result from EXEC, if ioredis does not transform it. */
  executed(result: unknown): void {
    if (types.isNativeError(result)) this.fail(result);
    else this.#succeed(result);
  }

  fail(error: unknown, type?: string): void {
    this.#finish(() => this.#call.fail(error, type));
  }

  leave(): void {
    this.#finish(() => this.#call.leave());
  }

  #reply(reply: unknown): void {
    // Outside a transaction, no stream command has this reply.
    if (isQueued(reply)) {
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
    // A command that was never sent has no span.
    if (this.#done || this.#sent === undefined) return;
    this.#done = true;
    guard('tracing a Redis reply', how);
  }
}

/** The tracked form of a command; undefined for one that is not traced. @internal */
export function trackedOf(command: Command): TrackedCommand | undefined {
  return trackedCommands.get(command);
}

/**
 * Tracks a command called in the current context, if it is a traced stream command. Returns the headers of an XADD for a Redis
 * client that is neither recorded nor measured.
 * @internal
 */
export function track(connection: Connection, command: Command): TrackedCommand | CarriedHeaders | undefined {
  if (!maybeStreamCommand(command)) return undefined;
  const parent = activeContext();
  if (command.name === 'xadd') {
    const headers = connection.tracing.messaging.passedOn(parent);
    if (headers !== undefined) {
      if (connection.client.isCluster === true) {
        passOnToCluster(command, headers);
        return undefined;
      }
      passOn(command, parent);
      return headers;
    }
  }
  return guard('tracing a Redis command', () => {
    const call = callOf(connection, command, parent);
    if (call === undefined) return undefined;
    const trackedCommand = new TrackedCommand(call, command, parent);
    trackedCommands.set(command, trackedCommand);
    return trackedCommand;
  });
}

/** The operation of a command, by its name; undefined for one that is not traced. @internal */
export function callOf(connection: Connection, command: Command, parent: Context): StreamCall | undefined {
  const name = command.name.toLowerCase();
  switch (name) {
    case 'xadd':
      return new SendingCall(connection, command, parent);
    case 'xack':
      return new SettlingCall(connection, command, parent);
    case 'xread':
    case 'xreadgroup':
    case 'xclaim':
    case 'xautoclaim':
      return new ReceivingCall(connection, name, command, parent);
    case 'xrange':
    case 'xrevrange':
    case 'xinfo':
      return connection.tracing.hidesFields ? new QueryingCall(connection, name, command, parent) : undefined;
    default:
      return undefined;
  }
}
