import { guard } from '../messaging/index.ts';
import type { Command } from './types.ts';

// Replies and errors are seen where ioredis turns them into what the application gets. Promises and callbacks stay ioredis' own, so
// that nothing changes in when they settle, nor in which rejections are unhandled.

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
