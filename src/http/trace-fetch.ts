// Wraps fetch: a CLIENT span and injected context for each request.
import { URL } from 'node:url';
import { channel } from 'node:diagnostics_channel';
import { type Attributes, type Context, SpanKind } from '@opentelemetry/api';
import { httpHeaders, type HttpHeaders, isWebHeaders } from '../../carriers/http-headers.ts';
import { invalidOption } from '../common/errors.ts';
import { redactQuery } from '../common/redact.ts';
import { isCertainlyUnsampled } from '../common/sampling-hint.ts';
import {
  activeContext,
  callWithin,
  guard,
  isEagerPromise,
  mergeAttributes,
  noOperation,
  Operation,
  startSpans,
} from '../messaging/index.ts';
import { injectCopy } from '../propagation/inject-extract.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { isTracedByNext } from './next-fetch.ts';
import { type HttpTracing, resolveHttpOptions, type TraceHttpOptions } from './options.ts';
import { ATTR_STATUS_CODE, methodAttributes, methodOnTheWire } from './semconv.ts';

/** The channel that the undici instrumentation, which traces `fetch`, subscribes to. */
const undici = channel('undici:request:create');

/** Marks the returned function, so that no copy of this package traces it twice. */
const tracedMark = Symbol.for('mqtrace.traced');

type FetchArguments = Parameters<typeof globalThis.fetch>;

/**
 * Wraps a `fetch`: each request gets a CLIENT span, and its headers carry the active trace and baggage. The span ends when the
 * response headers have arrived; a status of 400 or above marks it as failed. The given request is never modified.
 *
 * If OpenTelemetry's undici instrumentation is enabled, it creates the span and this wrapper does nothing (`force: true`
 * overrides). If Next.js creates the span, only the headers are written. Follows the stable HTTP conventions.
 *
 * @param fetch - default: the global one.
 * @throws MqtraceError `INVALID_OPTION` if it is not a function, or for invalid options
 */
export function traceFetch(
  fetch: typeof globalThis.fetch = globalThis.fetch,
  options: TraceHttpOptions = {},
): typeof globalThis.fetch {
  if (typeof fetch !== 'function') throw invalidOption('traceFetch', fetch, 'a fetch function');
  const tracing = resolveHttpOptions('traceFetch', options);
  if (Object.hasOwn(fetch, tracedMark)) return fetch;
  function tracedFetch(this: unknown, ...args: FetchArguments): Promise<Response> {
    const active = activeContext();
    if (isTracingSuppressed(active) || (!tracing.force && undici.hasSubscribers)) return fetch.apply(this, args);
    const started = guard('tracing a request', () => startRequest(tracing, fetch, args, active));
    if (started === undefined) return fetch.apply(this, args);
    const { operation, sent } = started;
    const response = callWithin(operation, () => fetch.apply(this, sent));
    return endWithResponse(operation, response);
  }
  Object.defineProperty(tracedFetch, 'length', { value: fetch.length, configurable: true });
  Object.defineProperty(tracedFetch, 'name', { value: fetch.name, configurable: true });
  Object.defineProperty(tracedFetch, tracedMark, { value: true });
  return tracedFetch;
}

/** Ends the operation with the response. A promise is replaced by one with the same outcome. */
function endWithResponse(operation: Operation, pending: Promise<Response>): Promise<Response> {
  if (operation.span === undefined) return pending;
  if (!isEagerPromise(pending)) {
    operation.end();
    return pending;
  }
  const observed = guard('observing a promise', () =>
    pending.then(
      (response) => {
        guard('reading a response', () => {
          operation.set(() => ({ [ATTR_STATUS_CODE]: response.status }));
          if (response.status >= 400) operation.fail(undefined, String(response.status));
        });
        operation.end();
        return response;
      },
      (error: unknown) => {
        operation.fail(
          error,
          guard('reading an error', () => networkErrorType(error)),
        );
        throw error;
      },
    ),
  );
  return observed ?? pending;
}

function startRequest(
  tracing: HttpTracing,
  fetch: typeof globalThis.fetch,
  args: FetchArguments,
  parent: Context,
): { operation: Operation; sent: FetchArguments } {
  const [input, init] = args;
  const request = isRequest(input) ? input : undefined;
  const hasSpan = !tracing.force && isTracedByNext(fetch, parent);
  const operation =
    hasSpan || isCertainlyUnsampled(parent, tracing.provider)
      ? noOperation(parent)
      : startOperation(
          tracing,
          init?.method ?? request?.method ?? 'GET',
          request?.url ?? (input as string | URL).toString(),
          parent,
        );
  const sent = guard('injecting context into a request', (): FetchArguments | undefined => {
    const given = init?.headers ?? request?.headers;
    const own = headersOf(given);
    const headers = injectCopy(tracing.propagator, httpHeaders, own, operation.context);
    // An iterator can be read only once, and has been read now.
    if (headers === undefined && !isIterator(given)) return undefined;
    return [input, withHeaders(init, headers ?? own)];
  });
  return { operation, sent: sent ?? args };
}

function startOperation(tracing: HttpTracing, method: unknown, url: string, parent: Context): Operation {
  const { name, attributes } = methodAttributes(methodOnTheWire(String(method)), tracing.methods);
  const options = { kind: SpanKind.CLIENT, attributes: mergeAttributes(attributes, urlAttributes(url)) };
  const { spans, context } = startSpans(tracing.tracer, name, options, parent);
  return new Operation(context, spans);
}

/** Headers that any fetch implementation accepts; a plain object if there is no global `Headers`. */
function headersOf(given: object | null | undefined): HttpHeaders {
  const { Headers } = globalThis;
  if (typeof Headers === 'function') return new Headers(given as Headers | undefined);
  if (given === null || given === undefined) return {};
  if (isWebHeaders(given)) return httpHeaders.copy(given);
  const iterable = Symbol.iterator in given;
  return httpHeaders.copy(iterable ? Object.fromEntries(given as Iterable<[string, string]>) : (given as HttpHeaders));
}

/**
 * Recognized by its properties: a `Request` of another copy of undici, or of a polyfill, is not an instance of the global class.
 */
function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && 'headers' in input && 'url' in input && 'method' in input;
}

function isIterator(value: unknown): boolean {
  return typeof (value as { next?: unknown } | undefined)?.next === 'function';
}

/**
 * The properties that fetch reads from `init` may be class accessors, which a copy would lose: `fetch(url, request)` accepts a
 * `Request` as `init`.
 */
function withHeaders(init: RequestInit | undefined, given: HttpHeaders): RequestInit {
  const headers = given as NonNullable<RequestInit['headers']>;
  const prototype: unknown = init === undefined ? Object.prototype : Object.getPrototypeOf(init);
  if (init === undefined || prototype === Object.prototype || prototype === null) return { ...init, headers };
  return new Proxy(init, {
    get: (target, name): unknown => (name === 'headers' ? headers : Reflect.get(target, name, target)),
  });
}

function urlAttributes(text: string): Attributes {
  if (!URL.canParse(text)) return {};
  const url = new URL(text);
  // Passwords must not be visible in traces.
  if (url.username !== '') url.username = 'REDACTED';
  if (url.password !== '') url.password = 'REDACTED';
  const attributes: Attributes = {
    'url.full': redactQuery(url.href),
    'server.address': url.hostname.replace(/^\[|\]$/g, ''),
  };
  const port = url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : Number(url.port);
  if (port !== undefined) attributes['server.port'] = port;
  return attributes;
}

/** fetch reports every failure as "fetch failed"; its cause has the reason. */
function networkErrorType(error: unknown): string | undefined {
  const code = (error as { cause?: { code?: unknown } | undefined } | undefined)?.cause?.code;
  return typeof code === 'string' ? code : undefined;
}
