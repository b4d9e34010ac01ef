import { errorType } from '../messaging/index.ts';

const replyCode = /^[A-Z][A-Z0-9_]{0,50}(?= |$)/;

/** `error.type` of what ioredis rejects with: Redis begins its errors with a word for their kind (`WRONGTYPE`, `NOGROUP`). @internal */
export function redisErrorType(error: unknown): string {
  const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  if (name === 'ReplyError' && typeof message === 'string') return replyCode.exec(message)?.[0] ?? 'ERR';
  if (message === connectionClosed) return 'CONNECTION_CLOSED';
  return errorType(error);
}

/** What ioredis says of commands that were under way, or were sent, when their connection had ended. @internal */
export const connectionClosed = 'Connection is closed.';
