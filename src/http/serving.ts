// Manages the SERVER span of one request, from its start to the end of the response.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Context,
  context as contextApi,
  createContextKey,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import { httpHeaders } from '../../carriers/http-headers.ts';
import { errorMessage, errorType, exceptionOf } from '../common/error-type.ts';
import { answered } from '../common/faults.ts';
import { isCertainlyUnsampled } from '../common/sampling-hint.ts';
import {
  activeContext,
  createStamp,
  guard,
  mergeAttributes,
  OpenOperations,
  Operation,
  startSpans,
} from '../messaging/index.ts';
import { extractFrom } from '../propagation/inject-extract.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { expressRoute } from './express-route.ts';
import type { TraceHandlerOptions } from './handler-options.ts';
import type { HttpTracing } from './options.ts';
import { type Request, requestAttributes } from './request.ts';
import { ATTR_ROUTE, ATTR_STATUS_CODE, methodAttributes } from './semconv.ts';

/** The part of a response that is read. */
export type Response = Pick<ServerResponse, 'once' | 'statusCode'> &
  Partial<Pick<ServerResponse, 'headersSent' | 'writableEnded' | 'writableFinished'>>;

/** The settings of a traced handler. */
export interface HandlerTracing extends HttpTracing {
  route: TraceHandlerOptions['route'];
  trustProxy: boolean | number;
}

// The HTTP instrumentation marks its contexts with this key; keys with the same description are the same key.
const rpcMetadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
// Next.js marks the contexts of its spans with this one.
const nextRootSpan = createContextKey('next.rootSpanId');

/** Whether an instrumentation has a span for the request. */
function hasRequestSpan(active: Context): boolean {
  return active.getValue(rpcMetadata) !== undefined || active.getValue(nextRootSpan) !== undefined;
}

/** A request that passes several traced handlers (a router within a router) is one operation. */
const underWay = createStamp<Serving>();

/** Requests whose handlers failed and whose responses are not finished, as when an uncaught error ends the process. */
const failing = new OpenOperations();
let endsAtExit = false;

/** A request that is being handled. */
export class Serving {
  readonly operation: Operation;
  /** Express' route, as seen by a traced handler. */
  #route: string | undefined;
  #readRoute: (() => string | undefined) | undefined;
  #failed = false;

  constructor(operation: Operation) {
    this.operation = operation;
  }

  /** The request's operation, if another traced handler has started it. */
  static of(request: unknown): Serving | undefined {
    return typeof request === 'object' && request !== null ? underWay.get(request) : undefined;
  }

  /** Starts the request's span; undefined if there should be none. */
  static start(tracing: HandlerTracing, request: Request, response: Response): Serving | undefined {
    const active = activeContext();
    if (isTracingSuppressed(active) || typeof response.once !== 'function') return undefined;
    if (!tracing.force && hasRequestSpan(active)) return undefined;
    // The root context, because the context that is active when a server calls its handlers is the one in which the server was
    // started.
    const parent = extractFrom(tracing.propagator, httpHeaders, request.headers, ROOT_CONTEXT);
    if (isCertainlyUnsampled(parent, tracing.provider)) {
      const unsampled = new Serving(new Operation(parent));
      underWay.set(request, unsampled);
      bindEvents(parent, request, response);
      return unsampled;
    }
    const route = typeof tracing.route === 'string' ? tracing.route : undefined;
    const method = methodAttributes(request.method ?? 'GET', tracing.methods);
    const attributes = mergeAttributes(method.attributes, requestAttributes(request, tracing.trustProxy));
    if (route !== undefined) attributes[ATTR_ROUTE] = route;
    const name = route === undefined ? method.name : `${method.name} ${route}`;
    const { spans, context } = startSpans(tracing.tracer, name, { kind: SpanKind.SERVER, attributes }, parent);
    const serving = new Serving(new Operation(context, spans));
    underWay.set(request, serving);
    serving.seeRoute(request);
    const { route: readRoute } = tracing;
    if (typeof readRoute === 'function') serving.readRouteAtEnd(() => readRoute(request as IncomingMessage));
    const end = (finished: boolean): void => {
      guard('ending a request', () => serving.#end(request, response, finished, method.name, route));
    };
    const listening = guard('listening to a response', () => {
      // HTTP/2 emits "finish" for a response that its client cancelled, too.
      response.once('finish', () => end(response.writableEnded !== false));
      response.once('close', () => end(response.writableFinished === true));
      return true;
    });
    if (listening) bindEvents(context, request, response);
    else serving.operation.end();
    return serving;
  }

  /** Express provides the route inside its handlers. */
  seeRoute(request: Request): void {
    this.#route ??= guard('reading a route', () => expressRoute(request));
  }

  /** Has the route read when the response ends. The first reader that is given counts: it is the option of the user. */
  readRouteAtEnd(read: () => string | undefined): void {
    this.#readRoute ??= read;
  }

  /** Records an error that a framework handles: the response shows how the request ends. */
  record(error: unknown): void {
    guard('recording an error', () => this.operation.span?.recordException(exceptionOf(error)));
  }

  /** The request has failed. Its span stays open for the response, to record the status. */
  fail(error: unknown): void {
    const { span, ended } = this.operation;
    if (span === undefined || ended) return;
    this.#failed = true;
    this.record(error);
    guard('recording an error', () => {
      span.setAttribute('error.type', errorType(error));
      span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
    });
    if (!endsAtExit) {
      endsAtExit = true;
      // Before the exporter's own listener, which sends or stores the spans that have ended.
      process.prependListener('exit', () => {
        for (const operation of failing) operation.end();
      });
    }
    this.operation.track(failing);
  }

  #routeRead(): string | undefined {
    const read = this.#readRoute;
    if (read === undefined) return undefined;
    const route: unknown = guard('the route option', () => answered(read()));
    return typeof route === 'string' && route !== '' ? route : undefined;
  }

  #end(request: Request, response: Response, finished: boolean, method: string, route: string | undefined): void {
    const { operation } = this;
    if (operation.ended) return;
    guard('describing a response', () => {
      if (response.headersSent !== false) operation.set(() => ({ [ATTR_STATUS_CODE]: response.statusCode }));
      const matched = route === undefined ? (this.#routeRead() ?? this.#route ?? expressRoute(request)) : undefined;
      if (matched !== undefined) {
        operation.set(() => ({ [ATTR_ROUTE]: matched }));
        operation.span?.updateName(`${method} ${matched}`);
      }
    });
    if (this.#failed) operation.end();
    else if (!finished) {
      operation.fail(new Error('the connection closed before the response was finished'), 'connection_closed');
    } else if (response.statusCode >= 500) operation.fail(undefined, String(response.statusCode));
    else operation.end();
  }
}

/**
 * Has listeners that the application adds to the request and its response run in the request's context: the parser of the
 * connection emits a body's events (`data`, `end`) in the context in which the server was started.
 */
function bindEvents(context: Context, request: Request, response: Response): void {
  guard('binding a request', () => {
    contextApi.bind(context, request);
    contextApi.bind(context, response);
  });
}
