import { errorType } from '../common/error-type.ts';

const replyCode = /^[A-Z][A-Z0-9_]{0,50}(?= |$)/;

/** `error.type` of an error of ioredis: Redis begins its errors with a word for their kind (`WRONGTYPE`, `NOGROUP`). @internal */
export function redisErrorType(error: unknown): string {
  const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  if (name === 'ReplyError' && typeof message === 'string') return replyCode.exec(message)?.[0] ?? 'ERR';
  if (message === connectionClosed) return 'CONNECTION_CLOSED';
  return errorType(error);
}

/** The message of ioredis for commands whose connection ended before their reply, or before they were sent. @internal */
export const connectionClosed = 'Connection is closed.';
