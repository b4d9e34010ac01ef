// Traces a stream command from its call until its outcome.
import { types } from 'node:util';
import type { Context } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { activeContext, createStamp, type Stamp } from '../messaging/index.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { type Observer, observe, onReject } from './command-hooks.ts';
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
export class TrackedCommand implements Observer {
  readonly #call: StreamCall;
  readonly #command: Command;
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
    this.#command = command;
    this.#context = context;
    observe(command, this);
  }

  /** ioredis makes a new reject() for each attempt of a pipeline. */
  watchReject(): void {
    onReject(this.#command, (error) => this.rejected(error));
  }

  /** Records that the command is sent, also again; returns the context to send it in. */
  send(): Context {
    try {
      if (this.#sent === undefined) this.#sent = this.#call.send(this.#command);
      else this.#call.sendAgain?.(this.#command);
    } catch (error) {
      reportFault('tracing a Redis command', error);
      this.#sent ??= this.#context;
    }
    return this.#sent;
  }

  /** Records that ioredis has written or queued the command, or failed to. */
  written(): void {
    this.#call.written?.(this.#command);
  }

  /** The result from EXEC, if ioredis does not transform it. */
  executed(result: unknown): void {
    if (types.isNativeError(result)) this.fail(result);
    else this.#succeed(result);
  }

  replied(reply: unknown): void {
    // Outside a transaction, no stream command has this reply.
    if (isQueued(reply)) {
      this.queued = true;
      this.onQueued?.();
    } else {
      this.#succeed(reply);
    }
  }

  rejected(error: unknown): void {
    this.#call.clean?.(error, this.#command);
    if (this.pipelined) this.pendingError = error;
    else this.fail(error);
  }

  fail(error: unknown, type?: string): void {
    if (!this.#finish()) return;
    try {
      this.#call.fail(error, type);
    } catch (fault) {
      reportFault(finishing, fault);
    }
  }

  leave(): void {
    if (!this.#finish()) return;
    try {
      this.#call.leave();
    } catch (error) {
      reportFault(finishing, error);
    }
  }

  #succeed(reply: unknown): void {
    if (!this.#finish()) return;
    try {
      this.#call.succeed(reply);
    } catch (error) {
      reportFault(finishing, error);
    }
  }

  /** Whether this is the first outcome. A command that was never sent has no span. */
  #finish(): boolean {
    if (this.#done || this.#sent === undefined) return false;
    this.#done = true;
    return true;
  }
}

const finishing = 'tracing a Redis reply';

/** The tracked form of a command; undefined for one that is not traced. @internal */
export function trackedOf(command: Command): TrackedCommand | undefined {
  return trackedCommands.get(command);
}

/**
 * Tracks a command called in the current context, if it is a traced stream command. Returns the headers of an XADD for a Redis
 * client that is neither recorded nor measured.
 *
 * @param single - whether the command is sent now, and not in a pipeline or a transaction.
 * @internal
 */
export function track(
  connection: Connection,
  command: Command,
  single: boolean,
): TrackedCommand | CarriedHeaders | undefined {
  if (!maybeStreamCommand(command)) return undefined;
  const parent = activeContext();
  let headers: CarriedHeaders | undefined;
  if (command.name === 'xadd') {
    headers = connection.tracing.messaging.passedOn(parent);
    if (headers !== undefined && metricsEpoch() === 0) {
      if (connection.client.isCluster === true) {
        passOnToCluster(command, headers);
        return undefined;
      }
      passOn(command, parent);
      return headers;
    }
  }
  // No closure, because one would be created for each command.
  try {
    if (single && command.name === 'xack' && !connection.tracing.messaging.observesSettlement(parent)) {
      connection.tracing.forget(command.args);
      passOn(command, parent);
      return undefined;
    }
    const call =
      headers === undefined ? callOf(connection, command, parent) : new SendingCall(connection, parent, headers);
    if (call === undefined) return undefined;
    const trackedCommand = new TrackedCommand(call, command, parent);
    trackedCommands.set(command, trackedCommand);
    return trackedCommand;
  } catch (error) {
    reportFault('tracing a Redis command', error);
    return undefined;
  }
}

/** The operation of a command, by its name; undefined for one that is not traced. @internal */
export function callOf(connection: Connection, command: Command, parent: Context): StreamCall | undefined {
  const name = command.name.toLowerCase();
  switch (name) {
    case 'xadd':
      return new SendingCall(connection, parent);
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
