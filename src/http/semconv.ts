// Names and rules of the stable OpenTelemetry HTTP conventions (1.23 and later).
import type { Attributes } from '@opentelemetry/api';

const ATTR_METHOD = 'http.request.method';
const ATTR_METHOD_ORIGINAL = 'http.request.method_original';
export const ATTR_STATUS_CODE = 'http.response.status_code';
export const ATTR_ROUTE = 'http.route';

const defaultMethods = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'];
/** Methods that fetch sends in capitals in any spelling; other methods are sent unchanged. */
const normalised = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);

/** The known methods: those in `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` if it is set, else those of the specifications. */
export function knownMethods(
  value: string | undefined = process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'],
): ReadonlySet<string> {
  const methods = (value ?? '').split(',').map((method) => method.trim());
  const given = methods.filter((method) => method !== '');
  return new Set(given.length === 0 ? defaultMethods : given);
}

/** The method as fetch sends it. */
export function methodOnTheWire(method: string): string {
  const upper = method.toUpperCase();
  return normalised.has(upper) ? upper : method;
}

/**
 * The attributes of a method, and its part of the span name. Methods are case-sensitive; for unknown ones the attribute is `_OTHER`
 * and the name `HTTP`.
 */
export function methodAttributes(method: string, known: ReadonlySet<string>): { name: string; attributes: Attributes } {
  if (known.has(method)) return { name: method, attributes: { [ATTR_METHOD]: method } };
  return { name: 'HTTP', attributes: { [ATTR_METHOD]: '_OTHER', [ATTR_METHOD_ORIGINAL]: method } };
}
