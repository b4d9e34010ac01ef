import type { IncomingMessage, ServerResponse } from 'node:http';
import { types } from 'node:util';
import { context as contextApi, createContextKey, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { httpHeaders } from '../../carriers/http-headers.ts';
import { invalidOption } from '../common/errors.ts';
import { guard, Operation } from '../messaging/index.ts';
import { extractFrom } from '../propagation/inject-extract.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { type HttpTracing, resolveHttpOptions, type TraceHttpOptions } from './options.ts';
import { expressRoute, expressRouteAtEnd, type Request, requestAttributes } from './request.ts';
import { ATTR_ROUTE, ATTR_STATUS_CODE, methodAttributes } from './semconv.ts';

/** Options of {@link traceHandler}. */
export interface TraceHandlerOptions extends TraceHttpOptions {
  /**
   * The route's template (`/orders/:id`), for the span's name and `http.route`. Default: Express' `req.route`, where there is one,
   * behind the path at which its router is mounted; where an error has left that router, only a handler that is itself wrapped tells
   * it. The path of a request is never made a name; of a router mounted at a parameter (`/tenants/:id`), Express tells no other.
   */
  route?: string | undefined;
}

/** What is read of a response. */
type Response = Pick<ServerResponse, 'once' | 'statusCode'> &
  Partial<Pick<ServerResponse, 'headersSent' | 'writableEnded' | 'writableFinished'>>;

// The HTTP instrumentation marks its contexts with this key; keys of the same description are the same key.
const rpcMetadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/** What is known of a request under way. */
interface Serving {
  operation: Operation;
  /** Express' route, as a traced handler saw it. */
  route: string | undefined;
}

/** A request that passes several traced handlers (a router within a router) is one operation. */
const traced = new WeakMap<object, Serving>();

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
    const known = traced.get(request);
    if (known !== undefined) return runAgain(known, request, run);
    const operation = guard('tracing a request', () => startServing(tracing, request, response, options.route));
    if (operation === undefined) return run();
    // A framework answers for what its handlers throw, so the response will tell; without one, nothing may follow.
    return serve(operation, run, typeof args[at + 2] === 'function');
  }
  Object.defineProperty(tracedHandler, 'length', { value: handler.length, configurable: true });
  Object.defineProperty(tracedHandler, 'name', { value: handler.name, configurable: true });
  return tracedHandler as unknown as H;
}

/** An error handler comes after the context of what threw has been left. */
function runAgain(known: Serving, request: Request, run: () => unknown): unknown {
  known.route ??= guard('reading a route', () => expressRoute(request));
  const active = contextApi.active();
  const inside = isTracingSuppressed(active) || trace.getSpan(active) !== undefined;
  return contextApi.with(inside ? active : known.operation.context, run);
}

function startServing(
  tracing: HttpTracing,
  request: Request,
  response: Response,
  route?: string,
): Operation | undefined {
  const active = contextApi.active();
  if (isTracingSuppressed(active) || typeof response.once !== 'function') return undefined;
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
  const serving: Serving = { operation, route: expressRoute(request) };
  traced.set(request, serving);
  const end = (finished: boolean): void => {
    if (operation.ended) return;
    guard('ending a request', () => {
      if (response.headersSent !== false) operation.set(() => ({ [ATTR_STATUS_CODE]: response.statusCode }));
      const matched = route === undefined ? (serving.route ?? expressRouteAtEnd(request)) : undefined;
      if (matched !== undefined) {
        operation.set(() => ({ [ATTR_ROUTE]: matched }));
        span.updateName(`${method.name} ${matched}`);
      }
    });
    if (!finished)
      operation.fail(new Error('the connection closed before the response was finished'), 'connection_closed');
    else if (response.statusCode >= 500) operation.fail(undefined, String(response.statusCode));
    else operation.end();
  };
  // HTTP/2 says "finish" of a response that its client cancelled, too.
  response.once('finish', () => end(response.writableEnded !== false));
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
