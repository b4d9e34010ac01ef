// Wraps fetch.
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
import { type HttpTracing, resolveHttpOptions, type TraceHttpOptions } from './options.ts';
import { ATTR_STATUS_CODE, methodAttributes, methodOnTheWire } from './semconv.ts';

/** What the undici instrumentation, which traces `fetch`, listens to. */
const undici = channel('undici:request:create');

/** On what this returns, so that nothing is traced twice, also by another copy of this package. */
const tracedMark = Symbol.for('mqtrace.traced');

type FetchArguments = Parameters<typeof globalThis.fetch>;

/**
 * Wraps a `fetch`: each request is a CLIENT span, and carries the active trace and baggage in its headers. The span ends when the
 * response's headers are there; a status of 400 or above marks it as failed. The request given is never changed.
 *
 * Where OpenTelemetry's undici instrumentation is at work, it makes the span and this steps aside (`force: true` overrides).
 * Follows the stable HTTP conventions.
 *
 * @param fetch - default: the global one.
 * @throws MqtraceError `INVALID_OPTION` for something else than a function, or wrong options
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
    const started = guard('tracing a request', () => startRequest(tracing, args, active));
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
  args: FetchArguments,
  parent: Context,
): { operation: Operation; sent: FetchArguments } {
  const [input, init] = args;
  const request = isRequest(input) ? input : undefined;
  const operation = isCertainlyUnsampled(parent, tracing.provider)
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
    // An iterator gives its headers once, and has now done so.
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

/** What a fetch of any implementation takes. Where there is no global `Headers`, plain headers. */
function headersOf(given: object | null | undefined): HttpHeaders {
  const { Headers } = globalThis;
  if (typeof Headers === 'function') return new Headers(given as Headers | undefined);
  if (given === null || given === undefined) return {};
  if (isWebHeaders(given)) return httpHeaders.copy(given);
  const iterable = Symbol.iterator in given;
  return httpHeaders.copy(iterable ? Object.fromEntries(given as Iterable<[string, string]>) : (given as HttpHeaders));
}

/** Told by what it has: a `Request` of another copy of undici, or of a polyfill, is not an instance of the global one. */
function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && 'headers' in input && 'url' in input && 'method' in input;
}

function isIterator(value: unknown): boolean {
  return typeof (value as { next?: unknown } | undefined)?.next === 'function';
}

/** What fetch reads of `init` may be accessors of a class (`fetch(url, request)` takes a `Request` for it), which no copy has. */
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
  // People who may read traces must not see passwords.
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

/** fetch says "fetch failed" of everything; what failed is its cause. */
function networkErrorType(error: unknown): string | undefined {
  const code = (error as { cause?: { code?: unknown } | undefined } | undefined)?.cause?.code;
  return typeof code === 'string' ? code : undefined;
}
