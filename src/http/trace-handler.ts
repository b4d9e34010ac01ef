import type { IncomingMessage, ServerResponse } from 'node:http';
import { types } from 'node:util';
import {
  type Attributes,
  context as contextApi,
  createContextKey,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { httpHeaders } from '../../carriers/http-headers.ts';
import { invalidOption } from '../errors.ts';
import { guard, Operation } from '../messaging/index.ts';
import { extractFrom } from '../propagation/inject-extract.ts';
import { isTracingSuppressed } from '../propagation/suppression.ts';
import { type HttpTracing, resolveHttpOptions, type TraceHttpOptions } from './options.ts';
import { ATTR_ROUTE, ATTR_STATUS_CODE, methodAttributes, withoutSecrets } from './semconv.ts';

/** Options of {@link traceHandler}. */
export interface TraceHandlerOptions extends TraceHttpOptions {
  /**
   * The route's template (`/orders/:id`), for the span's name and `http.route`. Default: Express' `req.route`, where there is one;
   * a raw path is never made a name.
   */
  route?: string;
}

/** What is read of a request; Node's and Express' both fit. */
type Request = Pick<IncomingMessage, 'headers' | 'method' | 'url'> &
  Partial<Pick<IncomingMessage, 'httpVersion' | 'socket'>>;
type Response = Pick<ServerResponse, 'once' | 'statusCode'> & { writableFinished?: boolean };

// The HTTP instrumentation marks its contexts with this key; keys of the same description are the same key.
const rpcMetadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
/** A request that passes several traced handlers (a router within a router) is one operation. */
const traced = new WeakSet<object>();

/**
 * Wraps a `node:http` request handler, or an Express-shaped one (`(req, res, next)`, `(err, req, res, next)`): the trace and the
 * baggage of the request are active in it and in what follows it, within a SERVER span that ends with the response.
 *
 * What the handler returns and throws is unchanged. Where OpenTelemetry's HTTP instrumentation is at work, it makes the span and
 * this steps aside (`force: true` overrides). Follows the stable HTTP conventions.
 *
 * @throws MqtraceError `INVALID_OPTION` for something else than a function, or wrong options
 */
export function traceHandler<R>(
  handler: (request: IncomingMessage, response: ServerResponse) => R,
  options?: TraceHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => R;
export function traceHandler<H extends (...args: never[]) => unknown>(handler: H, options?: TraceHandlerOptions): H;
export function traceHandler<R>(
  handler: (request: IncomingMessage, response: ServerResponse) => R,
  options?: TraceHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => R;
export function traceHandler<H extends (...args: never[]) => unknown>(handler: H, options?: TraceHandlerOptions): H;
export function traceHandler<H extends (...args: never[]) => unknown>(
  handler: H,
  options: TraceHandlerOptions = {},
): H {
  if (typeof handler !== 'function') throw invalidOption('traceHandler', handler, 'a request handler');
  const tracing = resolveHttpOptions('traceHandler', options, ['route']);
  const at = handler.length === 4 ? 1 : 0;
  const call = handler as unknown as (this: unknown, ...args: unknown[]) => unknown;
  function tracedHandler(this: unknown, ...args: unknown[]): unknown {
    const run = (): unknown => call.apply(this, args);
    const request = args[at] as Request;
    const response = args[at + 1] as Response;
    const operation = guard('tracing a request', () => startServing(tracing, request, response, options.route));
    if (operation === undefined) return run();
    // A framework answers for what its handlers throw, so the response will tell; without one, nothing may follow.
    return serve(operation, run, typeof args[at + 2] === 'function');
  }
  Object.defineProperty(tracedHandler, 'length', { value: handler.length, configurable: true });
  Object.defineProperty(tracedHandler, 'name', { value: handler.name, configurable: true });
  return tracedHandler as unknown as H;
}

function startServing(
  tracing: HttpTracing,
  request: Request,
  response: Response,
  route?: string,
): Operation | undefined {
  const active = contextApi.active();
  if (isTracingSuppressed(active) || traced.has(request)) return undefined;
  if (!tracing.force && active.getValue(rpcMetadata) !== undefined) return undefined;
  // The root context: what is active where a server calls its handlers is whatever was active when it was started.
  const parent = extractFrom(tracing.propagator, httpHeaders, request.headers, ROOT_CONTEXT);
  const method = methodAttributes(request.method ?? 'GET');
  const attributes = {
    ...method.attributes,
    ...requestAttributes(request),
    ...(route !== undefined && { [ATTR_ROUTE]: route }),
  };
  const name = route === undefined ? method.name : `${method.name} ${route}`;
  const span = tracing.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  const operation = new Operation(trace.setSpan(parent, span), [span]);
  traced.add(request);
  const end = (finished: boolean): void => {
    if (operation.ended) return;
    guard('ending a request', () => {
      operation.set(() => ({ [ATTR_STATUS_CODE]: response.statusCode }));
      const matched = route ?? expressRoute(request);
      if (matched !== undefined && matched !== route) {
        operation.set(() => ({ [ATTR_ROUTE]: matched }));
        span.updateName(`${method.name} ${matched}`);
      }
    });
    if (!finished)
      operation.fail(new Error('the connection closed before the response was finished'), 'connection_closed');
    else if (response.statusCode >= 500) operation.fail(undefined, String(response.statusCode));
    else operation.end();
  };
  response.once('finish', () => end(true));
  response.once('close', () => end(response.writableFinished === true));
  return operation;
}

function serve(operation: Operation, run: () => unknown, framework: boolean): unknown {
  const failed = (error: unknown): never => {
    if (framework)
      guard('recording an error', () =>
        operation.span?.recordException(error instanceof Error ? error : String(error)),
      );
    else operation.fail(error);
    throw error;
  };
  let result: unknown;
  try {
    result = contextApi.with(operation.context, run);
  } catch (error) {
    return failed(error);
  }
  return types.isPromise(result) ? result.then((value) => value, failed) : result;
}

function requestAttributes(request: Request): Attributes {
  const attributes: Attributes = {};
  // Express cuts the path of a mounted router off `url`.
  const url = (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/';
  const question = url.indexOf('?');
  attributes['url.path'] = question < 0 ? url : url.slice(0, question);
  if (question >= 0) attributes['url.query'] = withoutSecrets(url.slice(question + 1));
  const { socket } = request;
  attributes['url.scheme'] = socket !== undefined && 'encrypted' in socket ? 'https' : 'http';
  const { host, 'user-agent': userAgent } = request.headers;
  const authority = host === undefined ? null : /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(host);
  if (authority?.[1] !== undefined) attributes['server.address'] = authority[1].replace(/^\[|\]$/g, '');
  if (authority?.[2] !== undefined) attributes['server.port'] = Number(authority[2]);
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent;
  if (request.httpVersion !== undefined) {
    attributes['network.protocol.version'] = request.httpVersion === '2.0' ? '2' : request.httpVersion;
  }
  if (socket?.remoteAddress !== undefined) {
    attributes['client.address'] = socket.remoteAddress;
    attributes['network.peer.address'] = socket.remoteAddress;
    if (socket.remotePort !== undefined) attributes['network.peer.port'] = socket.remotePort;
  }
  return attributes;
}

/** Express' template of the route that matched, known once it has been called. */
function expressRoute(request: Request): string | undefined {
  const { route, baseUrl } = request as { route?: { path?: unknown }; baseUrl?: unknown };
  if (typeof route?.path !== 'string') return undefined;
  return `${typeof baseUrl === 'string' ? baseUrl : ''}${route.path}`;
}
