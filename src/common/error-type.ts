// Derives `error.type` and what spans record of a failure.
import type { Exception } from '@opentelemetry/api';
import { redactSecrets } from './redact.ts';

const simpleName = /^[\w.:-]{1,100}$/;

/**
 * A low-cardinality name for a failure (`error.type`): the protocol's own name if the client provides one (kafkajs' `type`, which
 * is on the cause once retries are exhausted), else its code, else the class of the error.
 */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  const { type, code, name, cause } = error as { type?: unknown; code?: unknown; name?: unknown; cause?: unknown };
  const causeType = typeof cause === 'object' && cause !== null ? (cause as { type?: unknown }).type : undefined;
  // The codes of a DOMException are numbers without meaning for a reader: an AbortError's is 20.
  const ownCode = isDomException(error) ? undefined : code;
  for (const candidate of [type, ownCode, causeType, name]) {
    if (typeof candidate === 'string' && candidate !== 'Error' && simpleName.test(candidate)) return candidate;
    if (typeof candidate === 'number' && Number.isInteger(candidate)) return String(candidate);
  }
  const className = (Object.getPrototypeOf(error) as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  return typeof className === 'string' && simpleName.test(className) ? className : '_OTHER';
}

/** The description of a failure for the span's status, without secrets in URLs. */
export function errorMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { message } = error as { message?: unknown };
    return typeof message === 'string' ? redactSecrets(message) : errorType(error);
  }
  return redactSecrets(String(error));
}

/** The exception to record: the error itself, or a copy without secrets in the URLs of its message and stack. */
export function exceptionOf(error: unknown): Exception {
  if (typeof error !== 'object' || error === null) return errorMessage(error);
  const { name, message, stack, code } = error as {
    name?: unknown;
    message?: unknown;
    stack?: unknown;
    code?: unknown;
  };
  if (typeof message !== 'string') return errorType(error);
  const [told, trail] = [redactSecrets(message), typeof stack === 'string' ? redactSecrets(stack) : undefined];
  if (told === message && trail === stack && error instanceof Error) return error;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: told,
    ...(trail !== undefined && { stack: trail }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
  };
}

/** Does not use `instanceof`: some test environments lack the global, or replace it. */
function isDomException(error: object): boolean {
  return Object.prototype.toString.call(error) === '[object DOMException]';
}
