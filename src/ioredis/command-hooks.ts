// Observes the outcome of a command.
import { reportFault } from '../common/faults.ts';
import type { Command } from './types.ts';

// Replies and errors are observed in the functions of ioredis that pass them to the application. Promises and callbacks are not
// replaced, so that their timing and unhandled rejections do not change.

/** Calls `seen` with each reply, before the application gets it. @internal */
export function onReply(command: Command, seen: (reply: unknown) => void): void {
  const { transformReply } = command;
  const observeReply = (reply: unknown): unknown => {
    const transformed = transformReply.call(command, reply);
    try {
      seen(transformed);
    } catch (error) {
      reportFault(readingReply, error);
    }
    return transformed;
  };
  command.transformReply = observeReply;
}

/** Calls `seen` with the error of a command, before the application gets it. @internal */
export function onReject(command: Command, seen: (error: unknown) => void): void {
  const { reject } = command;
  const observeReject = (error: unknown): void => {
    try {
      seen(error);
    } catch (fault) {
      reportFault(readingError, fault);
    }
    reject.call(command, error);
  };
  command.reject = observeReject;
}

const readingReply = 'tracing a Redis reply';
const readingError = 'tracing a Redis error';
