// Handles XADD commands that are neither recorded nor measured: only trace fields are added.
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { reportFault } from '../common/faults.ts';
import { createStamp, type Stamp } from '../messaging/index.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { fieldsOfXadd } from './arguments.ts';
import type { Command } from './types.ts';

/** The application's arguments of commands to which trace fields were added. */
const givenArguments: Stamp<readonly unknown[]> = createStamp();

/** Whether a command was passed on. ioredis sends the same object again after a lost connection. @internal */
export function wasPassedOn(command: Command): boolean {
  return givenArguments.get(command) !== undefined;
}

/** Appends the trace fields to an XADD. Never throws. @internal */
export function passOn(command: Command, passedOn: CarriedHeaders): void {
  const given = command.args;
  try {
    givenArguments.set(command, given);
    const start = passedOn.isEmpty ? undefined : fieldsOfXadd(given);
    if (start === undefined) return;
    const fields = passedOn.writeOnto(redisFields, given.slice(start) as RedisFields);
    if (fields === undefined) return;
    command.args = given.slice(0, start).concat(fields);
    hideFromErrors(command);
  } catch (error) {
    reportFault('tracing a Redis command', error);
  }
}

/** ioredis creates a new reject() for each attempt of a pipeline. @internal */
export function passOnAgain(command: Command): void {
  if (givenArguments.get(command) !== command.args) hideFromErrors(command);
}

/** Errors of ioredis contain the arguments of the command, which must be those of the application. */
function hideFromErrors(command: Command): void {
  const { reject } = command;
  command.reject = (error): void => {
    try {
      restoreArguments(error, command, givenArguments.get(command));
    } catch (fault) {
      reportFault('tracing a Redis error', fault);
    }
    reject.call(command, error);
  };
}

/** Replaces the arguments in an error of ioredis, if they are those of this command. @internal */
export function restoreArguments(error: unknown, command: Command, given: readonly unknown[] | undefined): void {
  const { command: told } = error as { command?: { args?: unknown } };
  if (told !== undefined && told.args === command.args) told.args = given;
}
