const simpleName = /^[\w.:-]{1,100}$/;

/**
 * A low-cardinality name for a failure (`error.type`): the protocol's own name of it where the client gives one (kafkajs' `type`,
 * which is on the cause where it gave up trying), else its code, else the class of the error.
 */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  const { type, code, name, cause } = error as { type?: unknown; code?: unknown; name?: unknown; cause?: unknown };
  const causeType = typeof cause === 'object' && cause !== null ? (cause as { type?: unknown }).type : undefined;
  // The codes of a DOMException are numbers that name nothing: an AbortError's is 20.
  const ownCode = isDomException(error) ? undefined : code;
  for (const candidate of [type, ownCode, causeType, name]) {
    if (typeof candidate === 'string' && candidate !== 'Error' && simpleName.test(candidate)) return candidate;
    if (typeof candidate === 'number' && Number.isInteger(candidate)) return String(candidate);
  }
  const className = (Object.getPrototypeOf(error) as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  return typeof className === 'string' && simpleName.test(className) ? className : '_OTHER';
}

/** What is said of a failure in the span's status. */
export function errorMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { message } = error as { message?: unknown };
    return typeof message === 'string' ? message : errorType(error);
  }
  return String(error);
}

/** Not by `instanceof`: test environments lack the global, or have one of their own. */
function isDomException(error: object): boolean {
  return Object.prototype.toString.call(error) === '[object DOMException]';
}
