// Derives `error.type` from errors of ioredis.
import { errorType } from '../common/error-type.ts';

const replyCode = /^[A-Z][A-Z0-9_]{0,50}(?= |$)/;

/** `error.type` of an error of ioredis: the first word of a reply error of Redis names its kind (`WRONGTYPE`, `NOGROUP`). @internal */
export function redisErrorType(error: unknown): string {
  const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  if (name === 'ReplyError' && typeof message === 'string') return replyCode.exec(message)?.[0] ?? 'ERR';
  if (message === connectionClosed) return 'CONNECTION_CLOSED';
  return errorType(error);
}

/** The message with which ioredis rejects commands when their connection has ended. @internal */
export const connectionClosed = 'Connection is closed.';
