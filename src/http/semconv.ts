import type { Attributes } from '@opentelemetry/api';

// Names of the stable OpenTelemetry HTTP conventions (1.23 and later).
const ATTR_METHOD = 'http.request.method';
const ATTR_METHOD_ORIGINAL = 'http.request.method_original';
export const ATTR_STATUS_CODE = 'http.response.status_code';
export const ATTR_ROUTE = 'http.route';

const knownMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE']);

/** The method's attributes, and its part of the span's name: methods that no specification knows are `_OTHER`, and `HTTP`. */
export function methodAttributes(method: string): { name: string; attributes: Attributes } {
  const upper = method.toUpperCase();
  if (!knownMethods.has(upper))
    return { name: 'HTTP', attributes: { [ATTR_METHOD]: '_OTHER', [ATTR_METHOD_ORIGINAL]: method } };
  return {
    name: upper,
    attributes: { [ATTR_METHOD]: upper, ...(upper !== method && { [ATTR_METHOD_ORIGINAL]: method }) },
  };
}

/** Query parameters that hold secrets by the conventions' list. */
const secretParameters = /(^|[?&])(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&#]*/g;

/** A query string, or a URL, without what is secret in it. */
export function withoutSecrets(query: string): string {
  return query.replace(secretParameters, '$1$2=REDACTED');
}
