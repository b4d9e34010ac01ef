import { guard } from '../messaging/index.ts';
import type { Command } from './types.ts';

// Observes the outcome of a command where ioredis turns it into the application's. Promises and callbacks stay ioredis' own, so that
// neither the time at which they settle changes, nor which rejections are unhandled.

/** @internal */
export function onReply(command: Command, seen: (reply: unknown) => void): void {
  const { transformReply } = command;
  command.transformReply = (reply): unknown => {
    const transformed = transformReply.call(command, reply);
    guard('tracing a Redis reply', () => seen(transformed));
    return transformed;
  };
}

/** @internal */
export function onReject(command: Command, seen: (error: unknown) => void): void {
  const { reject } = command;
  command.reject = (error): void => {
    guard('tracing a Redis error', () => seen(error));
    reject.call(command, error);
  };
}
