// Passes on commands without a span: to XADD, trace fields are added.
import type { Context } from '@opentelemetry/api';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { reportFault } from '../common/faults.ts';
import { createStamp, guard, type Messaging, type Stamp } from '../messaging/index.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { fieldsOfXadd, text } from './arguments.ts';
import { onReject } from './command-hooks.ts';
import { MeasuredCall } from './measured-call.ts';
import type { Command } from './types.ts';

// A Redis client writes a command within sendCommand(), or calls sendCommand() again later. So the trace fields are in its
// arguments only during that call: errors contain the application's arguments, and until the reply nothing but the context is kept.
// A Cluster passes a command to the clients of its nodes, at any time. So there the fields stay, and errors are corrected.

/** The context of each command of a Redis client, or its measurement. */
const passed: Stamp<Context | MeasuredCall> = createStamp();

/** The application's arguments of each command of a Cluster. */
const givenArguments: Stamp<readonly unknown[]> = createStamp();

/** The context of a command that was passed on to a Redis client. ioredis sends the same object again after a lost connection. @internal */
export function passedOnIn(command: Command): Context | undefined {
  const how = passed.get(command);
  return how instanceof MeasuredCall ? how.context : how;
}

/** The measurement of a command that was passed on to a Redis client; undefined if there is none. @internal */
export function measuredOf(command: Command): MeasuredCall | undefined {
  const how = passed.get(command);
  return how instanceof MeasuredCall ? how : undefined;
}

/** Records that a command of a Redis client is passed on, in this context or measured. @internal */
export function passOn(command: Command, how: Context | MeasuredCall): void {
  passed.set(command, how);
}

/**
 * Appends the trace fields to an XADD. Never throws.
 *
 * @returns the application's arguments, which the command must have again after it was written; undefined if it was not changed.
 * @internal
 */
export function addTraceFields(command: Command, headers: CarriedHeaders | undefined): unknown[] | undefined {
  if (headers === undefined || headers.isEmpty) return undefined;
  const given = command.args;
  try {
    const start = fieldsOfXadd(given);
    if (start === undefined) return undefined;
    const added = headers.listFor(given);
    if (added !== undefined) {
      command.args = given.concat(added);
      return given;
    }
    const fields = headers.writeOnto(redisFields, given.slice(start) as RedisFields);
    return setFields(command, start, fields);
  } catch (error) {
    reportFault('tracing a Redis command', error);
    return undefined;
  }
}

/** As {@link addTraceFields}, for a command that ioredis sends later or again. @internal */
export function addTraceFieldsAgain(command: Command, messaging: Messaging, context: Context): unknown[] | undefined {
  // An XACK that was passed on has no trace fields.
  if (command.name !== 'xadd') return undefined;
  return guard('tracing a Redis command', () => {
    const { args } = command;
    const start = fieldsOfXadd(args);
    if (start === undefined) return undefined;
    const fields = messaging.inject(redisFields, args.slice(start) as RedisFields, context, text(args[0]));
    return setFields(command, start, fields);
  });
}

/** Replaces the fields of an XADD from this argument on; returns the arguments that the command had. @internal */
export function setFields(command: Command, start: number, fields: RedisFields | undefined): unknown[] | undefined {
  if (fields === undefined) return undefined;
  const given = command.args;
  const args = given.slice(0, start);
  command.args = args.concat(fields);
  return given;
}

/** Whether a command of a Cluster was passed on. @internal */
export function wasPassedOnToCluster(command: Command): boolean {
  return givenArguments.get(command) !== undefined;
}

/** Appends the trace fields to an XADD of a Cluster. Never throws. @internal */
export function passOnToCluster(command: Command, headers: CarriedHeaders): void {
  givenArguments.set(command, command.args);
  if (addTraceFields(command, headers) !== undefined) hideFromErrors(command);
}

/** ioredis creates a new reject() for each attempt of a pipeline. @internal */
export function passOnToClusterAgain(command: Command): void {
  if (givenArguments.get(command) !== command.args) hideFromErrors(command);
}

/** Errors of ioredis contain the arguments of the command, which must be those of the application. */
function hideFromErrors(command: Command): void {
  onReject(command, (error) => restoreArguments(error, command, givenArguments.get(command)));
}

/** Replaces the arguments in an error of ioredis, if they are those of this command. @internal */
export function restoreArguments(error: unknown, command: Command, given: readonly unknown[] | undefined): void {
  const { command: told } = error as { command?: { args?: unknown } };
  if (told !== undefined && told.args === command.args) told.args = given;
}
