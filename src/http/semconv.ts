// Names and rules of the stable OpenTelemetry HTTP conventions (1.23 and later).
import type { Attributes } from '@opentelemetry/api';

const ATTR_METHOD = 'http.request.method';
const ATTR_METHOD_ORIGINAL = 'http.request.method_original';
export const ATTR_STATUS_CODE = 'http.response.status_code';
export const ATTR_ROUTE = 'http.route';

const defaultMethods = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'];
/** What fetch writes in capitals, however it is given; other methods go out as they are. */
const normalised = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);

/** The methods that are known: those of `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, instead of the specifications', if it is set. */
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

/** The method's attributes, and its part of the span's name. Methods are sensitive to case; those not known are `_OTHER`, and `HTTP`. */
export function methodAttributes(method: string, known: ReadonlySet<string>): { name: string; attributes: Attributes } {
  if (known.has(method)) return { name: method, attributes: { [ATTR_METHOD]: method } };
  return { name: 'HTTP', attributes: { [ATTR_METHOD]: '_OTHER', [ATTR_METHOD_ORIGINAL]: method } };
}
